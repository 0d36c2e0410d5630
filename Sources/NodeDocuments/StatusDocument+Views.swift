import CountermarkNode
import LabelDocuments

extension StatusDocument.Invitation {
    /// An invitation that is open or answered.
    package init(_ view: InvitationView) {
        self.init(
            id: view.nonce, dataset: view.dataset, role: view.role, state: view.state,
            expires: view.expiresAt, org: view.org)
    }
}

extension StatusDocument.Repair {
    /// A damaged log that waits.
    package init(_ repair: WaitingRepair) {
        self.init(log: repair.log, missing: repair.missing, since: repair.since)
    }
}
