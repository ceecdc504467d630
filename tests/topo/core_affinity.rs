use ::core_affinity::CoreId;
use bedplate::topo::{CpuSet, Topology, allowed_cpus, pin_current};

#[test]
fn both_see_the_same_cpus() {
    let theirs: CpuSet = ::core_affinity::get_core_ids().unwrap().into_iter().collect();
    assert_eq!(theirs, allowed_cpus().unwrap());
}

#[test]
fn what_one_pins_the_other_sees() {
    let allowed = allowed_cpus().unwrap();
    for cpu in &allowed {
        let pinned = pin_current(&CpuSet::single(cpu)).unwrap();
        assert_eq!(::core_affinity::get_core_ids().unwrap(), [CoreId { id: cpu }]);
        drop(pinned);
        let core = CoreId::try_from(&CpuSet::single(cpu)).unwrap();
        assert!(::core_affinity::set_for_current(core));
        assert_eq!(allowed_cpus().unwrap(), CpuSet::from(core));
    }
}

#[test]
fn sets_go_there_and_back() {
    let cpus = CpuSet::from([7, 0, 1_023, 5_000]);
    let ids = cpus.core_ids();
    assert_eq!(ids.iter().map(|core| core.id).collect::<Vec<_>>(), [0, 7, 1_023, 5_000]);
    assert_eq!(ids.into_iter().collect::<CpuSet>(), cpus);
    assert_eq!(CpuSet::new().core_ids(), []);
}

#[test]
fn its_view_of_the_machine_narrows_with_the_thread_and_ours_does_not() {
    let machine = Topology::detect().unwrap();
    let one = CpuSet::single(machine.allowed().last().unwrap());
    let _pinned = pin_current(&one).unwrap();
    assert_eq!(::core_affinity::get_core_ids().unwrap(), one.core_ids());
    assert_eq!(Topology::detect().unwrap().online(), machine.online());
}

#[test]
fn more_or_fewer_than_one_cpu_is_no_core_id() {
    assert_eq!(CoreId::try_from(&CpuSet::new()).unwrap_err().cpus, CpuSet::new());
    let error = CoreId::try_from(&CpuSet::from([1, 2, 7])).unwrap_err();
    assert_eq!(error.to_string(), "3 CPUs where one was expected: `1-2,7`");
}
