extension AlarmEvent {
    /// What operators have said of an alarm, by the server that shows the event.
    package struct Handling: Codable, Equatable, Sendable {
        /// Who has taken it on.
        package var acknowledgedBy: String?
        /// Whether somebody found that nothing was wrong.
        package var isFalse: Bool?
        /// The fault that somebody confirmed.
        package var confirmedAs: String?
        /// How many notes there are.
        package var notes: Int?
        /// The silence that it falls under now: it is shown, and not sent on.
        package var silence: Int64?

        /// What was said, each as far as it was.
        package init(
            acknowledgedBy: String? = nil, isFalse: Bool? = nil, confirmedAs: String? = nil, notes: Int? = nil,
            silence: Int64? = nil
        ) {
            self.acknowledgedBy = acknowledgedBy
            self.isFalse = isFalse
            self.confirmedAs = confirmedAs
            self.notes = notes
            self.silence = silence
        }
    }
}
