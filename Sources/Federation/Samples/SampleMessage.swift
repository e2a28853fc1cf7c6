/// What workers of one domain say to each other on a data endpoint: a reader asks, a holder answers. Every request can
/// be repeated; it changes nothing at the holder.
package enum SampleMessage: Equatable, Sendable {
    /// Reader: which files does this entity have?
    case listRequest(request: UInt64, token: [UInt8], entity: String)
    /// Holder: these.
    case list(request: UInt64, SampleListing)
    /// Reader: bytes of a file, please.
    case pieceRequest(SampleRange)
    /// Holder: these bytes; fewer than were asked for at the end of the file.
    case piece(request: UInt64, bytes: [UInt8])
    /// Reader: what is the SHA-256 of these bytes of a file?
    case checkRequest(SampleRange)
    /// Holder: this.
    case check(request: UInt64, digest: [UInt8])
    /// Holder: no, and why.
    case refusal(request: UInt64, SampleRefusal, text: String)

    /// The number of the request that this is or answers.
    package var request: UInt64 {
        switch self {
        case .listRequest(let request, _, _), .list(let request, _), .piece(let request, _), .check(let request, _),
            .refusal(let request, _, _):
            request
        case .pieceRequest(let range), .checkRequest(let range): range.request
        }
    }

    /// The type on the wire.
    package var type: Message.Kind {
        switch self {
        case .listRequest: .sampleListRequest
        case .list: .sampleList
        case .pieceRequest: .samplePieceRequest
        case .piece: .samplePiece
        case .checkRequest: .sampleCheckRequest
        case .check: .sampleCheck
        case .refusal: .sampleRefusal
        }
    }
}

/// Why a holder says no.
package enum SampleRefusal: UInt16, CaseIterable, Sendable {
    /// The token is not one that the server gave for this reader and entity, or not yet.
    case notGranted = 1
    /// The entity has other files than those the request was made for: ask for the list again.
    case changed = 2
    /// A file cannot be read.
    case unreadable = 3
}

/// Some bytes of one file of an entity.
package struct SampleRange: Equatable, Sendable {
    /// Number of the request, chosen by the reader.
    package var request: UInt64
    /// What the server gave to reader and holder.
    package var token: [UInt8]
    /// The entity.
    package var entity: String
    /// ``SampleListing/identity`` of the list that `file` counts in.
    package var listing: UInt64
    /// Number of the file in the list.
    package var file: UInt32
    /// First byte.
    package var offset: UInt64
    /// Bytes.
    package var length: UInt32

    /// A range with every field given.
    package init(
        request: UInt64, token: [UInt8], entity: String, listing: UInt64, file: UInt32, offset: UInt64,
        length: UInt32
    ) {
        self.request = request
        self.token = token
        self.entity = entity
        self.listing = listing
        self.file = file
        self.offset = offset
        self.length = length
    }
}

/// The files of one entity, as its holder has them.
package struct SampleListing: Equatable, Sendable {
    /// What a file is for.
    package enum Part: UInt8, CaseIterable, Sendable {
        case training = 0
        case stream = 1
    }

    /// One file.
    package struct File: Equatable, Sendable {
        /// What it is for.
        package var part: Part
        /// Its name without folders.
        package var name: String
        /// Its bytes now.
        package var size: UInt64

        /// A file with every field given.
        package init(part: Part, name: String, size: UInt64) {
            self.part = part
            self.name = name
            self.size = size
        }
    }

    /// The entity's type.
    package var type: String
    /// How the holder reads its files; a reader that reads otherwise would see other samples.
    package var reading: String
    /// Format of the training part.
    package var trainingFormat: String
    /// Format of the stream.
    package var streamFormat: String
    /// The files, those of each part in reading order.
    package var files: [File]

    /// A list with every field given.
    package init(type: String, reading: String, trainingFormat: String, streamFormat: String, files: [File]) {
        self.type = type
        self.reading = reading
        self.trainingFormat = trainingFormat
        self.streamFormat = streamFormat
        self.files = files
    }

    /// Tells this set of files from another, whatever their sizes: FNV-1a over parts and names.
    package var identity: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for file in files {
            add(file.part.rawValue)
            for byte in file.name.utf8 { add(byte) }
            add(0)
        }
        return hash
    }
}

extension SampleMessage {
    func encode(into writer: inout WireWriter) {
        switch self {
        case .listRequest(let request, let token, let entity):
            writer.put(request)
            writer.put(token)
            writer.put(entity)
        case .list(let request, let listing):
            writer.put(request)
            writer.put(listing.type)
            writer.put(listing.reading)
            writer.put(listing.trainingFormat)
            writer.put(listing.streamFormat)
            writer.put(listing.files) { writer, file in
                writer.put(file.part.rawValue)
                writer.put(file.name)
                writer.put(file.size)
            }
        case .pieceRequest(let range), .checkRequest(let range):
            writer.put(range.request)
            writer.put(range.token)
            writer.put(range.entity)
            writer.put(range.listing)
            writer.put(range.file)
            writer.put(range.offset)
            writer.put(range.length)
        case .piece(let request, let bytes):
            writer.put(request)
            writer.put(bytes)
        case .check(let request, let digest):
            writer.put(request)
            writer.put(digest)
        case .refusal(let request, let reason, let text):
            writer.put(request)
            writer.put(reason.rawValue)
            writer.put(text)
        }
    }

    /// Reads the payload of a message of the given type; `nil` when that is none of these.
    init?(_ kind: Message.Kind, from reader: inout WireReader) throws(FederationError) {
        switch kind {
        case .sampleListRequest:
            self = .listRequest(
                request: try reader.integer("request"), token: try reader.token(),
                entity: try reader.string("entity", limit: WireLimits.entity))
        case .sampleList:
            self = .list(request: try reader.integer("request"), try SampleListing(from: &reader))
        case .samplePieceRequest: self = .pieceRequest(try SampleRange(from: &reader))
        case .samplePiece:
            self = .piece(
                request: try reader.integer("request"),
                bytes: try reader.byteString("bytes", limit: WireLimits.piece))
        case .sampleCheckRequest: self = .checkRequest(try SampleRange(from: &reader))
        case .sampleCheck:
            self = .check(request: try reader.integer("request"), digest: try reader.digest())
        case .sampleRefusal:
            self = .refusal(
                request: try reader.integer("request"), try reader.enumeration("reason"),
                text: try reader.string("text", limit: WireLimits.text))
        default: return nil
        }
    }
}

extension SampleListing {
    fileprivate init(from reader: inout WireReader) throws(FederationError) {
        type = try reader.string("type", limit: WireLimits.place)
        reading = try reader.string("reading", limit: WireLimits.name)
        trainingFormat = try reader.string("format", limit: WireLimits.name)
        streamFormat = try reader.string("format", limit: WireLimits.name)
        files = try reader.array("files", limit: WireLimits.files) { reader throws(FederationError) in
            File(
                part: try reader.enumeration("part"), name: try reader.string("file", limit: WireLimits.fileName),
                size: try reader.integer("size"))
        }
    }
}

extension SampleRange {
    fileprivate init(from reader: inout WireReader) throws(FederationError) {
        request = try reader.integer("request")
        token = try reader.token()
        entity = try reader.string("entity", limit: WireLimits.entity)
        listing = try reader.integer("listing")
        file = try reader.integer("file")
        offset = try reader.integer("offset")
        length = try reader.integer("length")
    }
}
