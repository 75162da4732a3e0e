//! A real third-party program of 400 packages, from the module cache that `make test-setup` filled: six targets over
//! four operating systems, and its programs for other architectures really run.

use std::path::Path;
use std::process::Command;

use crate::support::{Project, testdata};

const TARGETS_TOML: &str = r#"
schema = 1
targets = ["linux/arm64", "linux/riscv64", "linux/s390x", "darwin/arm64", "windows/amd64", "freebsd/amd64"]

[project]
name = "task"
version = "3.40.0"

[[build]]
id = "task"
main = "./cmd/task"
ldflags = ["-s", "-w", "-X github.com/go-task/task/v3/internal/version.version={version}"]
"#;

fn copy_of_task() -> Project {
    let source = testdata().join("task");
    assert!(source.join("go.mod").is_file(), "{} is missing; run `make test-setup`", source.display());
    let project = Project::empty();
    project.run("cp", &["-R", &format!("{}/.", source.display()), "."]);
    project.file("targets.toml", TARGETS_TOML)
}

#[test]
fn builds_for_six_targets_and_runs_under_emulation() {
    let project = copy_of_task();
    let outcome = project.xbuild(&[]).env("GOMODCACHE", testdata().join("modcache")).ok();
    outcome.says("51 modules, verified");
    assert!(!project.exists("vendor"), "the user's tree was written to");

    for (target, words) in [
        ("linux_arm64", "ELF 64-bit LSB executable, ARM aarch64"),
        ("linux_riscv64", "ELF 64-bit LSB executable, UCB RISC-V"),
        ("linux_s390x", "ELF 64-bit MSB executable, IBM S/390"),
        ("darwin_arm64", "Mach-O 64-bit arm64 executable"),
        ("windows_amd64", "PE32+ executable (console) x86-64"),
        ("freebsd_amd64", "ELF 64-bit LSB executable, x86-64, version 1 (FreeBSD)"),
    ] {
        let suffix = if target.starts_with("windows") { ".exe" } else { "" };
        let program = format!("dist/task_{target}/task{suffix}");
        let said = project.run("file", &["-b", &program]);
        assert!(said.starts_with(words), "{program}: {said}");
        if target.starts_with("linux") {
            assert!(said.contains("statically linked"), "{program}: {said}");
        }
        let info = project.run("go", &["version", "-m", &program]);
        let (os, arch) = target.split_once('_').unwrap();
        for line in
            [format!("GOOS={os}"), format!("GOARCH={arch}"), "CGO_ENABLED=0".into(), "-trimpath=true".into()]
        {
            assert!(info.contains(&line), "{line} is not in {info}");
        }
    }
    for (qemu, arch) in [("aarch64", "arm64"), ("riscv64", "riscv64"), ("s390x", "s390x")] {
        let emulator = format!("qemu-{qemu}-static");
        let said = project.run(&emulator, &[&format!("dist/task_linux_{arch}/task"), "--version"]);
        assert!(said.contains("3.40.0"), "{emulator}: {said}");
    }
    assert_eq!(project.artifacts().len(), 6 + 6 + 2);
    depends_on_at_least(150, project.path());
}

/// The program is as large as it is said to be.
fn depends_on_at_least(count: usize, dir: &Path) {
    let output = Command::new("go")
        .args(["list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./cmd/task"])
        .env("GOMODCACHE", testdata().join("modcache"))
        .env("GOPROXY", "off")
        .env("GOFLAGS", "-mod=mod")
        .current_dir(dir)
        .output()
        .unwrap();
    let packages = String::from_utf8_lossy(&output.stdout).lines().filter(|line| !line.is_empty()).count();
    assert!(packages > count, "{packages} packages besides the standard library");
}
