@main
struct Main {
    static func main() async {
        await AlertsTool.program.main()
    }
}
