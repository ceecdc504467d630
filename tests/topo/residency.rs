use bedplate::topo::{ResidencySource, current_node, residency};

use crate::area::{Area, page};

#[test]
fn pages_that_were_touched_are_on_a_node_and_others_are_absent() {
    let page = page();
    let mut area = Area::of(1300);
    assert_eq!(residency(&area).unwrap().on, []);
    for at in [0, 5, 511, 512, 513, 1299] {
        area[at * page] = 1;
    }
    // Read, which brings no page.
    assert_eq!(area[7 * page], 0);
    let found = residency(&area).unwrap();
    assert_eq!((found.pages(), found.page), (1300, page));
    if found.source == ResidencySource::MovePages {
        assert_eq!(found.on.iter().map(|(_, pages)| pages).sum::<usize>(), 6);
        assert_eq!((found.absent, found.unknown), (1294, 0));
        assert_eq!(found.nodes().iter().map(|node| found.on_node(node)).sum::<usize>(), 6);
    }
    area.fill(1);
    let found = residency(&area).unwrap();
    assert_eq!((found.absent, found.unknown), (0, 0));
    if let [(node, pages)] = found.on[..] {
        assert_eq!(pages, 1300);
        assert!(found.is_on(node) && !found.is_on(node + 1));
        assert_eq!(found.to_string(), format!("1300 pages on node {node}"));
        assert!(current_node().is_ok());
    }
}

#[test]
fn pages_at_the_ends_count_where_the_region_has_a_byte() {
    let page = page();
    let area = Area::touched(10);
    for (region, pages) in [(0..0, 0), (0..1, 1), (page - 1..page, 1), (page - 1..page + 1, 2), (1..10 * page - 1, 10)]
    {
        let found = residency(&area[region.clone()]).unwrap();
        if found.source == ResidencySource::MovePages {
            assert_eq!(found.pages(), pages, "{region:?}");
        }
    }
    let nothing = residency(&[]).unwrap();
    assert_eq!((nothing.pages(), nothing.to_string()), (0, "no pages".into()));
    assert!(!nothing.is_on(0));
}

#[test]
fn the_text_tells_all_that_is_there() {
    let page = page();
    let mut area = Area::of(3);
    area[page] = 1;
    let found = residency(&area).unwrap();
    if let ([(node, 1)], ResidencySource::MovePages) = (&found.on[..], found.source) {
        assert_eq!(found.to_string(), format!("1 page on node {node}, 2 not in memory"));
        assert!(!found.is_on(*node));
    }
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod filtered {
    use std::io::ErrorKind;

    use super::*;
    use crate::filter::refuse;

    fn refusing(calls: &[std::ffi::c_long], test: impl FnOnce() + Send) {
        std::thread::scope(|s| {
            s.spawn(|| match refuse(calls) {
                Ok(()) if std::path::Path::new("/proc/self/numa_maps").exists() => test(),
                refused => println!("skipped: no filter can be put on, or no nodes: {refused:?}"),
            });
        });
    }

    #[test]
    fn a_file_tells_of_whole_mappings() {
        let exact = residency(&Area::touched(1)).unwrap();
        refusing(&[libc::SYS_move_pages], || {
            let (page, area) = (page(), Area::touched(300));
            let found = residency(&area[7..page * 2]).unwrap();
            assert_eq!(found.source, ResidencySource::NumaMaps);
            // The area, and whatever of the same kind the kernel has put with it.
            assert!(found.pages() >= 300, "{found}");
            let [(node, pages)] = found.on[..] else { return println!("{found}, by itself {exact}") };
            assert!(pages >= 300);
            assert_eq!(found.is_on(node), found.absent == 0);
            let mut untouched = Area::of(300);
            untouched[0] = 1;
            let found = residency(&untouched).unwrap();
            assert!(found.absent >= 299 && !found.is_on(node), "{found}");
        });
    }

    #[test]
    fn where_nothing_is_told_that_is_an_error() {
        let open = [libc::SYS_move_pages, libc::SYS_openat];
        refusing(&open, || {
            let error = residency(&Area::touched(1)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PermissionDenied);
            assert!(error.to_string().contains("/proc/self/numa_maps: "), "{error}");
        });
    }
}
