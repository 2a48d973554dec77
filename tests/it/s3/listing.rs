//! Keys: which there are, odd ones, more than a page of them, and whether a prefix has data.

use pipeform::connect::Cancel;
use pipeform::connect::s3::Data;

use super::fixture::Fixture;

#[test]
fn listings_have_all_keys_and_odd_ones_stay_as_they_are() {
    let f = Fixture::new("odd");
    let odd = [
        "a b",
        "a+b",
        "a%2Fb",
        "é日本",
        "?x=1&y",
        "dir/",
        "#",
        "a=b;c",
        "~'\"()!*",
        "tab\there",
        "..a",
        "a/..b",
    ];
    for key in odd {
        // The server keeps no bytes under a key that ends in a slash.
        let body = if key.ends_with('/') { "" } else { key };
        f.put(&format!("odd/{key}"), body.as_bytes());
    }
    let mut wanted: Vec<String> = odd.iter().map(|key| format!("odd/{key}")).collect();
    wanted.sort();
    assert_eq!(f.keys("odd/"), wanted);
    for key in &wanted {
        let known = f.known(key);
        let at = f.at(key);
        let read = f.runtime.block_on(f.endpoint.bytes(&at, &known)).unwrap();
        let body = if key.ends_with('/') {
            ""
        } else {
            &key["odd/".len()..]
        };
        assert_eq!(read.concat(), body.as_bytes(), "{key}");
        if body.is_empty() {
            // Nor does it copy one.
            continue;
        }
        let copy = f.target(&format!("copy/{}", &key["odd/".len()..]));
        let (on_bytes, cancel) = (f.on_bytes(), Cancel::new());
        let copied = f.endpoint.copy(&at, &known, &copy, &on_bytes, &cancel);
        f.runtime.block_on(copied).unwrap();
    }
    assert_eq!(f.keys("copy/").len(), odd.len() - 1);
    let seen = f.server.look(&["names", "odd", "copy/"]);
    assert_eq!(seen.lines().count(), odd.len() - 1, "{seen}");
    f.runtime
        .block_on(
            f.endpoint
                .delete(&f.at(""), &[wanted, f.keys("copy/")].concat()),
        )
        .unwrap();
    assert_eq!(f.server.look(&["names", "odd"]), "");
    let data = f.runtime.block_on(f.endpoint.data(&f.at("odd/")));
    assert_eq!(data.unwrap(), Data::None);
}

#[test]
fn the_list_of_what_is_to_come_is_no_data() {
    let f = Fixture::new("begun");
    let data = |prefix: &str| {
        let at = f.at(prefix);
        let data = f.endpoint.data(&at);
        f.runtime.block_on(data).unwrap()
    };
    assert_eq!(data("day/"), Data::None);
    f.put("day/_INCOMPLETE", b"{}");
    assert_eq!(data("day/"), Data::Incomplete);
    assert_eq!(data("da"), Data::Incomplete);
    f.put("day/a", b"1");
    f.put("day/z", b"1");
    assert_eq!(data("day/"), Data::Incomplete);
    assert_eq!(data("day/a"), Data::There);
    f.put("day/_SUCCESS", b"{}");
    assert_eq!(data("day/"), Data::There);
    let keys = ["day/_INCOMPLETE", "day/a", "day/z"].map(str::to_owned);
    let at = f.at("");
    let removed = f.endpoint.delete(&at, &keys);
    f.runtime.block_on(removed).unwrap();
    assert_eq!(data("day/"), Data::There, "complete, with nothing to read");
}

#[test]
fn more_than_a_page_is_listed_and_removed() {
    let f = Fixture::new("pages");
    let wanted: Vec<String> = (0..1105).map(|n| format!("many/{n:05}")).collect();
    f.runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for key in &wanted {
            let (endpoint, target) = (f.endpoint.clone(), f.target(key));
            tasks.spawn(async move { endpoint.put(&target, "x".into()).await.unwrap() });
        }
        tasks.join_all().await;
    });
    assert_eq!(f.keys("many/"), wanted);
    f.runtime
        .block_on(f.endpoint.delete(&f.at(""), &wanted))
        .unwrap();
    assert_eq!(f.keys(""), Vec::<String>::new());
}
