import CommandLineTools

@main
struct Main {
    static func main() {
        print("fl-place")
    }
}
