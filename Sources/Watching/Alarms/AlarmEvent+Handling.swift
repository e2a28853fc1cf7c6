extension AlarmEvent {
    /// What operators have said of an alarm, by the server that shows the event.
    package struct Handling: Codable, Equatable, Sendable {
        /// Who has taken it on.
        package var acknowledgedBy: String?
        /// Whether somebody found that nothing was wrong.
        package var isFalse: Bool?
        /// Since when the worker that serves the entity heeds that, in seconds since 1970.
        package var learnedAt: Int64?
        /// The fault that somebody confirmed.
        package var confirmedAs: String?
        /// How many notes there are.
        package var notes: Int?
        /// The silence that it falls under now: it is shown, and not sent on.
        package var silence: Int64?

        /// What was said, each as far as it was.
        package init(
            acknowledgedBy: String? = nil, isFalse: Bool? = nil, learnedAt: Int64? = nil,
            confirmedAs: String? = nil, notes: Int? = nil, silence: Int64? = nil
        ) {
            self.learnedAt = learnedAt
            self.acknowledgedBy = acknowledgedBy
            self.isFalse = isFalse
            self.confirmedAs = confirmedAs
            self.notes = notes
            self.silence = silence
        }
    }
}
