@main
struct Main {
    static func main() async {
        await EngineTool.program.main()
    }
}
