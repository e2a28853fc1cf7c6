@main
struct Main {
    static func main() async {
        await PlaceTool.program.main()
    }
}
