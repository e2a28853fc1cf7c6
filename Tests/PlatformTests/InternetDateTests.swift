import Platform
import Testing

@Suite struct InternetDateTests {
    @Test func aDateOfHTTPHasThreeForms() {
        let now: Int64 = 1_767_225_600
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        ] { #expect(InternetDate.seconds(ofHTTP: text, now: now) == 784_111_777, "\(text)") }
        // Two digits of a year are never more than 50 years ahead.
        #expect(InternetDate.seconds(ofHTTP: "Friday, 31-Dec-76 00:00:00 GMT", now: now) == 3_376_598_400)
        #expect(InternetDate.seconds(ofHTTP: "Friday, 31-Dec-77 00:00:00 GMT", now: now) == 252_374_400)
        #expect(InternetDate.seconds(ofHTTP: "Mon, 29 Feb 2016 23:59:60 GMT", now: now) == 1_456_790_400)
        for text in [
            "", "120", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Now 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov 19940 08:49:37 GMT",
            "Sunday, 06-Nov 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT and more",
        ] { #expect(InternetDate.seconds(ofHTTP: text, now: now) == nil, "\(text)") }
    }

    /// Each day of 500 years is written as what it was read from.
    @Test func everyDayIsWrittenAndRead() {
        for day in stride(from: Int64(0), to: 365 * 500, by: 1) {
            let seconds = day * 86_400 + day % 86_400
            let text = InternetDate.text(seconds)
            #expect(text.hasSuffix(" +0000"))
            let http = text.replacing("+0000", with: "GMT")
            #expect(InternetDate.seconds(ofHTTP: http, now: 0) == seconds, "\(text)")
            if InternetDate.seconds(ofHTTP: http, now: 0) != seconds { return }
        }
        #expect(InternetDate.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 +0000")
        #expect(InternetDate.text(-5) == "Thu, 01 Jan 1970 00:00:00 +0000")
        #expect(InternetDate.text(.max) == "Fri, 31 Dec 9999 23:59:59 +0000")
    }
}
