@main
struct Main {
    static func main() async {
        await WorkerTool.program.main()
    }
}
