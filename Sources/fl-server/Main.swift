@main
struct Main {
    static func main() async {
        await ServerTool.program.main()
    }
}
