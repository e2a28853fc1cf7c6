extension HTTPServer {
    /// A path that takes larger bodies than others.
    package struct LargeBodies: Sendable {
        /// With which method they come.
        package var method: HTTPRequest.Method
        /// The path.
        package var path: String
        /// Most bytes of a body.
        package var longest: Int
        /// How many such bodies may be here at a time, which bounds the memory that they take.
        package var atOnce: Int
        /// Why a request is refused before its body comes; `nil`: it may come.
        package var refusal: @Sendable (HTTPRequest) -> HTTPResponse?

        /// A path with every field given.
        package init(
            method: HTTPRequest.Method = .post, path: String, longest: Int, atOnce: Int,
            refusal: @escaping @Sendable (HTTPRequest) -> HTTPResponse?
        ) {
            self.method = method
            self.path = path
            self.longest = longest
            self.atOnce = atOnce
            self.refusal = refusal
        }
    }
}
