@main
struct Main {
    static func main() async {
        await DemoTool.program.main()
    }
}
