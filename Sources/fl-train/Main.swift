@main
struct Main {
    static func main() async {
        await TrainTool.program.main()
    }
}
