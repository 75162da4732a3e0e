//! A file system that shares blocks between files: XFS in an image, mounted for the test alone.

use std::fs::File;
use std::process::Command;

use crate::support::{Project, skipped};

/// Builds, looks at the blocks, edits the program in place, and builds again.
const SCRIPT: &str = r#"
mount -o loop "$IMAGE" "$MOUNT"
cp -a . "$MOUNT/project"
cd "$MOUNT/project"
export XBUILD_CACHE_DIR="$MOUNT/store" TMPDIR="$MOUNT"
"$0" "$@"
program=dist/app_linux_amd64/app
kept=$(b3sum --no-names "$program")
echo "blocks: $(filefrag -sv "$program" | grep -c shared)"
printf x | dd of="$program" bs=1 seek=5000 conv=notrunc status=none
test "$kept" != "$(b3sum --no-names "$program")"
"$0" cache verify
"$0" "$@"
test "$kept" = "$(b3sum --no-names "$program")"
echo "again: $(filefrag -sv "$program" | grep -c shared)"
stat -c "mode: %a" "$program"
"#;

#[test]
fn dist_shares_blocks_with_the_store_and_an_edit_does_not() {
    if !rustix::process::geteuid().is_root() {
        return skipped("only root may mount an image of XFS");
    }
    let dir = tempfile::tempdir().unwrap();
    let (image, mount) = (dir.path().join("image"), dir.path().join("mount"));
    std::fs::create_dir(&mount).unwrap();
    File::create(&image).unwrap().set_len(1 << 30).unwrap();
    let made = Command::new("mkfs.xfs").arg("-q").arg(&image).status();
    assert!(made.expect("mkfs.xfs; run `make test-setup`").success());
    let try_it = format!("mount -o loop '{}' '{}'", image.display(), mount.display());
    let tried = Command::new("unshare").args(["-m", "/bin/sh", "-c", &try_it]).output().unwrap();
    if !tried.status.success() {
        return skipped(&format!("no XFS here: {}", String::from_utf8_lossy(&tried.stderr)));
    }

    let project = Project::hello().file("main.go", "package main\n\nfunc main() { println(\"shared\") }\n");
    let outcome = project
        .xbuild(&["--target", "linux/amd64"])
        .wrapped("unshare", &["-m", "/bin/sh", "-euc", SCRIPT])
        .env("IMAGE", &image)
        .env("MOUNT", &mount)
        .ok();
    outcome.says("built   linux/amd64").says("cached  linux/amd64");
    let said = |name: &str| {
        let line = outcome.stdout.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name}\n{}{}", outcome.stdout, outcome.stderr)).to_owned()
    };
    assert!(said("blocks: ") != "0" && said("again: ") != "0", "{}", outcome.stdout);
    assert_eq!(said("mode: "), "755");
}
