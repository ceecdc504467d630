use super::id_set::id_set;

id_set! {
    /// A set of memory nodes, by the kernel's numbers. Grows as needed.
    ///
    /// ```
    /// use bedplate::topo::NodeSet;
    ///
    /// let nodes: NodeSet = (0..4).collect();
    /// assert_eq!(nodes.to_string(), "0-3");
    /// assert_eq!((&nodes - &NodeSet::single(0)).first(), Some(1));
    /// ```
    NodeSet
}
