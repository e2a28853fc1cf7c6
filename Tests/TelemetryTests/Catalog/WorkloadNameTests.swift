import Telemetry
import Testing

@Suite struct WorkloadNameTests {
    @Test(arguments: [
        ("productcatalogservice-668d5f85fb-wckp8", "productcatalogservice"),
        ("ts-order-other-service-7c5d8b9b6f-x2xzv", "ts-order-other-service"),
        ("day1/cart-9cdb6588f-554sm", "day1/cart"), ("fluent-bit-4xw9z", "fluent-bit"),
        ("machine-1-6", "machine-1-6"), ("kafka-0", "kafka-0"), ("enb0", "enb0"), ("front_service", "front_service"),
        ("ts-order-service", "ts-order-service"), ("a-bcdfg", "a-bcdfg"), ("-x2xzv", "-x2xzv"), ("", ""),
    ])
    func workloads(_ name: String, _ workload: String) {
        #expect(WorkloadName.of(name) == workload)
    }
}
