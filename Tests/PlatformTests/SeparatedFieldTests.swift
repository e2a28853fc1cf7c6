import Platform
import Testing

@Suite struct SeparatedFieldTests {
    @Test(arguments: [
        ("cpu", "cpu"), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("a\rb", "\"a\rb\""), ("a\r\nb", "\"a\r\nb\""),
        ("", ""),
    ])
    func fields(text: String, written: String) {
        #expect(SeparatedField.text(text) == written)
    }
}
