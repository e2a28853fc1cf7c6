/// Which names of columns tell entities apart.
///
/// Names are compared by their letters and digits: `eNodeB`, `Cell Name`, `cell_name` and `k8s.pod.name` are what `enodeb`,
/// `cellname` and `podname` are.
extension ColumnNames {
    /// Whether a column of this name tells entities apart.
    static func isHost(_ name: String) -> Bool { isAny(of: hosts, name) }

    /// Whether a column of this name holds the host, of which the entity has its name even where there is only one.
    static func isOwnHost(_ name: String) -> Bool { isAny(of: ownHosts, name) }

    private static func isAny(of names: Set<String>, _ name: String) -> Bool {
        let plain = plain(name)
        if names.contains(letters(plain)) || names.contains(letters(KeyedRows.Key.plain(plain))) { return true }
        for prefix in prefixes where plain.hasPrefix(prefix) {
            return names.contains(letters(String(plain.dropFirst(prefix.count))))
        }
        // Members of an object: `host.name`, `kubernetes.pod.name`, `cloud.instance.id`.
        let parts = plain.split(separator: ".")
        guard let last = parts.last, parts.count > 1, members.contains(String(last)) else { return false }
        return names.contains(letters(parts.suffix(2).joined()))
    }

    private static func letters(_ name: String) -> String { String(name.filter { $0.isLetter || $0.isNumber }) }

    private static let members: Set<String> = ["name", "id", "uid", "hostname"]
    private static let prefixes = ["tag_", "label_", "k8s_", "k8s.", "kubernetes_", "kubernetes.", "cloud."]

    private static let hosts: Set<String> = ownHosts.union([
        "machineid", "instanceid", "containerid", "agent", "entityid", "devicename", "site", "sitename", "siteid",
        "cell",
        "cellid", "cellname", "ue", "ueid", "imsi", "target", "resourceid", "resourcename", "exportedinstance", "asset",
        "assetid", "vmid", "hostid", "serverid", "nodeid", "podid", "poduid", "deviceid", "unitid", "engineid",
        "turbineid", "station", "stationid", "cmdbid", "equipment", "system", "systemname",
        // Of mobile networks.
        "gnb", "enb", "gnodeb", "enodeb", "nodeb", "rnc", "erbs", "bts", "gnbid", "enbid", "gnodebid", "enodebid",
        "nodebid", "gnbname", "enbname", "gnodebname", "enodebname", "nodebname", "btsname", "eutrancell", "nrcell",
        "nrcellid", "nrcelldu", "nename", "neid", "networkelement", "managedelement", "dn", "upfid", "amfid", "smfid",
        "nfid", "nfinstanceid",
    ])

    private static let ownHosts: Set<String> = [
        "host", "hostname", "server", "servername", "machine", "machinename", "node", "nodename", "instance",
        "instancename", "pod", "podname", "container", "containername", "vm", "vmname", "computer", "computername",
        "entity", "fqdn", "rechner", "servidor", "hôte", "hote",
    ]
}
