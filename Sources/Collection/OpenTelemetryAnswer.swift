import Platform
import Services
import Telemetry

/// What a sender of OTLP over HTTP hears, in the form in which it asked: an `ExportMetricsServiceResponse`, with what was refused
/// of it, or a `google.rpc.Status` with the reason.
///
/// Source: the OTLP specification 1.x, "Partial Success" and "Failures".
enum OpenTelemetryAnswer {
    /// The code of a `Status` whose request is to blame (`INVALID_ARGUMENT`), and of one that may be sent again
    /// (`UNAVAILABLE`).
    private static let (invalid, unavailable) = (3, 14)

    /// That it was taken, but for so many points.
    static func taken(isJSON: Bool, refused: Int, _ reason: String?) -> HTTPResponse {
        struct Body: Encodable {
            struct Partial: Encodable {
                var rejectedDataPoints: String
                var errorMessage: String
            }
            var partialSuccess: Partial?
        }
        if isJSON {
            let partial = reason.map { Body.Partial(rejectedDataPoints: "\(refused)", errorMessage: $0) }
            return .json(
                (try? DeterministicJSON.encode(Body(partialSuccess: partial), pretty: false)) ?? Array("{}".utf8))
        }
        guard let reason else { return .whole(status: 200, type: "application/x-protobuf", body: []) }
        let partial = [0x08] + varint(UInt64(refused)) + field(2, Array(reason.utf8))
        return .whole(status: 200, type: "application/x-protobuf", body: field(1, partial))
    }

    /// That it was not.
    static func refused(isJSON: Bool, status: Int, _ reason: String) -> HTTPResponse {
        struct Body: Encodable {
            var code: Int
            var message: String
        }
        let code = status == 503 ? unavailable : invalid
        if isJSON {
            let body = try? DeterministicJSON.encode(Body(code: code, message: reason), pretty: false)
            return .whole(status: status, type: "application/json", body: body ?? Array("{}".utf8))
        }
        return .whole(
            status: status, type: "application/x-protobuf",
            body: [0x08] + varint(UInt64(code)) + field(2, Array(reason.utf8)))
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var (rest, bytes) = (value, [UInt8]())
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [number << 3 | 2] + varint(UInt64(bytes.count)) + bytes
    }
}
