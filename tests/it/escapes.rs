//! Each escape, tried for real from inside a build step: tests/probe stands for the compiler, the real `go build`
//! starts it, and its report is what the failed step says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use crate::support::{Place, Stage, leftovers, skipped, table};

const PLACES: &[Place] = &[Place::Root, Place::User, Place::Container];

/// What Landlock and seccomp leave open, each with its reason.
const OPEN_AT_LANDLOCK: &[(&str, &str)] = &[
    ("be root", "only a user namespace gives another user id; root has no capability here"),
    ("learn that a file of the home directory is there", "Landlock governs what is in files, not stat"),
];

/// What the environment as the only seal closes already: the helper closes descriptors and core files, and the
/// environment is built from nothing.
const CLOSED_BY_ENV: &[&str] =
    &["read an inherited descriptor", "read the user's environment", "allow core files"];

/// What every process of the user can do on any host that these tests run on: the probe tries for real.
const CONTROL: &[&str] = &[
    "TCP, IPv4",
    "UDP, IPv4",
    "DNS lookup",
    "unix socket, abstract",
    "unix socket, beside the project",
    "unix socket, in the store",
    "unix socket, in dist/",
    "netlink, routes",
    "socket pair",
    "read a file of the home directory",
    "read a file of the directory above",
    "read a file of the directory above, relative",
    "read another project",
    "read dist/",
    "read .git",
    "read the store's other directories",
    "read /etc/passwd",
    "read /proc/self/status",
    "read /proc/self/root",
    "read /proc/<neighbour>/cmdline",
    "list /",
    "run a program from the cache",
    "append to the SDK",
    "create in the SDK",
    "change the mode of the SDK",
    "list /proc",
    "learn that a file of the home directory is there",
    "read through a link in the scratch directory",
    "read through a chain of .. in the scratch directory",
    "create in the source",
    "append to the source",
    "truncate the source",
    "rename in the source",
    "change the mode of the source",
    "hard link into the source",
    "create in vendor/",
    "create in the home directory",
    "create in the store",
    "run a program from the scratch directory",
    "run a program from the output directory",
    "run a program from memory",
    "run /bin/sh",
    "signal a neighbour",
    "shared memory of a neighbour",
    "message queue of a neighbour",
    "linger after the step",
    "gain privileges by execve",
    "type into a terminal",
];

#[derive(Debug, Clone)]
struct Tried {
    escaped: bool,
    detail: String,
}

type Report = BTreeMap<String, Tried>;

/// What the probe said: the last word on each attempt that succeeded once stays.
fn report(said: &str) -> Report {
    let mut report = Report::new();
    for line in said.lines() {
        let mut words = line.trim().splitn(4, '|');
        let (Some("probe"), Some(name), Some(verdict), Some(detail)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        assert!(matches!(verdict, "ESCAPED" | "denied"), "the probe itself failed: {line}\n{said}");
        let tried = Tried { escaped: verdict == "ESCAPED", detail: detail.to_owned() };
        if tried.escaped || !report.get(name).is_some_and(|before| before.escaped) {
            report.insert(name.to_owned(), tried);
        }
    }
    assert!(report.len() > 100, "the probe did not report:\n{said}");
    report
}

fn escaped(report: &Report) -> BTreeSet<&str> {
    report.iter().filter(|(_, tried)| tried.escaped).map(|(name, _)| name.as_str()).collect()
}

#[test]
fn no_step_gets_out() {
    let stage = Stage::new();
    let mut shown = String::from("what a build step can do: E escaped, . denied\n");
    let mut wrong = Vec::new();
    let mut open = BTreeSet::new();
    let mut landlocked = false;
    for place in PLACES {
        if let Some(why) = place.missing() {
            skipped(&format!("{}: {why}", place.name()));
            let _ = writeln!(shown, "\nskipped: {}: {why}", place.name());
            continue;
        }
        let mut reports = vec![("outside", report(&stage.probe(*place)))];
        for level in ["env", "landlock", "strict"] {
            let seal = format!("--seal={level}");
            let hints: &[String] = if level == "env" { &[] } else { &[refused()] };
            let said = stage.xbuild(*place, hints, &[], &[&seal]);
            if said.contains("this host cannot seal a build") {
                skipped(&format!("{} at {level}: {said}", place.name()));
                let _ = writeln!(shown, "\nskipped: {} at {level}", place.name());
                continue;
            }
            reports.push((level, report(&said)));
        }
        let _ = write!(shown, "\n{}\n", show(*place, &reports));
        let outside = reports[0].1.clone();
        for (level, report) in &reports {
            let found = escaped(report);
            let mut complain = |names: Vec<&str>, what: &str| {
                let details: Vec<String> = names
                    .iter()
                    .map(|name| format!("{name} ({})", report.get(*name).map_or("", |tried| &tried.detail)))
                    .collect();
                if !details.is_empty() {
                    wrong.push(format!("{} at {level}: {what}: {}", place.name(), details.join("; ")));
                }
            };
            match *level {
                "strict" => complain(found.into_iter().collect(), "escaped"),
                "landlock" => {
                    landlocked = true;
                    let known: BTreeSet<&str> = OPEN_AT_LANDLOCK.iter().map(|(name, _)| *name).collect();
                    complain(found.difference(&known).copied().collect(), "escaped");
                    open.extend(found.into_iter().map(str::to_owned));
                }
                "env" => {
                    let expected = escaped(&outside).into_iter().filter(|name| !CLOSED_BY_ENV.contains(name));
                    complain(
                        expected.filter(|name| !found.contains(name)).collect(),
                        "cannot have escaped outside",
                    );
                }
                _ => complain(
                    CONTROL.iter().filter(|name| !found.contains(*name)).copied().collect(),
                    "is not there to be reached",
                ),
            }
        }
    }
    for (name, reason) in OPEN_AT_LANDLOCK.iter().filter(|_| landlocked) {
        let _ = writeln!(shown, "open at landlock: {name}: {reason}");
        if !open.contains(*name) {
            wrong.push(format!("{name} is closed at landlock: take it from the list"));
        }
    }
    table("escapes", &shown);
    assert!(wrong.is_empty(), "{}\n\n{shown}", wrong.join("\n"));
}

#[test]
fn a_fork_bomb_ends_with_its_step() {
    let stage = Stage::new();
    for place in PLACES {
        if let Some(why) = place.missing() {
            skipped(&format!("{}: {why}", place.name()));
            continue;
        }
        for level in ["strict", "landlock", "env"] {
            let started = std::time::Instant::now();
            let seal = format!("--seal={level}");
            let said = stage.xbuild(*place, &["bomb=150".to_owned()], &["XBUILD_PROCESSES=60"], &[&seal]);
            let what = format!("{} at {level}: {said}", place.name());
            if said.contains("this host cannot seal a build") {
                skipped(&what);
                continue;
            }
            assert!(!said.contains("fork bomb|ESCAPED"), "{what}");
            assert!(said.contains("probe|linger after the step|denied|it is gone"), "{what}");
            assert!(said.contains("more processes than 60") || said.contains("unavailable"), "{what}");
            assert!(started.elapsed().as_secs() < 30, "{what}");
        }
    }
}

#[test]
fn what_a_step_leaves_and_says_is_no_trap() {
    let stage = Stage::new();
    for place in [Place::User, Place::Container] {
        if let Some(why) = place.missing() {
            skipped(&format!("{}: {why}", place.name()));
            continue;
        }
        for level in ["strict", "landlock", "env"] {
            let started = std::time::Instant::now();
            let said = stage.xbuild(place, &["trap=set".to_owned()], &[], &[&format!("--seal={level}")]);
            let shown: String = said.chars().take(2000).collect();
            if said.contains("this host cannot seal a build") {
                skipped(&format!("{} at {level}: {shown}", place.name()));
                continue;
            }
            assert!(said.contains("`go build` ended with exit status 1"), "{level}: {shown}");
            assert!(said.len() < 12 << 20 && said.contains("xxxx"), "{level}: {} bytes", said.len());
            assert!(started.elapsed().as_secs() < 30, "{level}");
            assert_eq!(leftovers(None, &stage.path().join("home/store")), Vec::<PathBuf>::new(), "{level}");
        }
    }
}

fn show(place: Place, reports: &[(&str, Report)]) -> String {
    let mut text = format!("{:52}", place.name());
    for (level, _) in reports {
        let _ = write!(text, " {level:>8}");
    }
    let (_, last) = reports.last().unwrap();
    let _ = writeln!(text, "  the last column's reason");
    let names: BTreeSet<&String> = reports.iter().flat_map(|(_, report)| report.keys()).collect();
    for name in names {
        let _ = write!(text, "{name:52}");
        for (_, report) in reports {
            let mark = report.get(name).map_or(" ", |tried| if tried.escaped { "E" } else { "." });
            let _ = write!(text, " {mark:>8}");
        }
        let _ = writeln!(text, "  {}", last.get(name).map_or("", |tried| tried.detail.as_str()));
    }
    for (level, report) in reports {
        let _ = writeln!(text, "{level}: {} of {} escaped", escaped(report).len(), report.len());
    }
    text
}

/// The calls that no step may make, whatever it passes to them, as the hint that has the probe make each.
fn refused() -> String {
    let calls = [
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_kcmp,
        libc::SYS_perf_event_open,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_open_tree,
        libc::SYS_move_mount,
        libc::SYS_fsopen,
        libc::SYS_fsconfig,
        libc::SYS_fsmount,
        libc::SYS_fspick,
        libc::SYS_mount_setattr,
        libc::SYS_name_to_handle_at,
        libc::SYS_open_by_handle_at,
        libc::SYS_mknodat,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_setuid,
        libc::SYS_setgid,
        libc::SYS_setreuid,
        libc::SYS_setregid,
        libc::SYS_setresuid,
        libc::SYS_setresgid,
        libc::SYS_setfsuid,
        libc::SYS_setfsgid,
        libc::SYS_setgroups,
        libc::SYS_capset,
        libc::SYS_bpf,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_userfaultfd,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_acct,
        libc::SYS_quotactl,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_adjtimex,
        libc::SYS_clock_adjtime,
        libc::SYS_sethostname,
        libc::SYS_setdomainname,
        libc::SYS_syslog,
        libc::SYS_clone3,
        libc::SYS_shmget,
        libc::SYS_shmat,
        libc::SYS_shmctl,
        libc::SYS_msgget,
        libc::SYS_msgctl,
        libc::SYS_msgsnd,
        libc::SYS_msgrcv,
        libc::SYS_semget,
        libc::SYS_semctl,
        libc::SYS_semop,
        libc::SYS_semtimedop,
        libc::SYS_mq_open,
        libc::SYS_mq_unlink,
        libc::SYS_setpriority,
        libc::SYS_ioprio_set,
        libc::SYS_sched_setaffinity,
        libc::SYS_sched_setattr,
        libc::SYS_sched_setparam,
        libc::SYS_sched_setscheduler,
        libc::SYS_move_pages,
        libc::SYS_migrate_pages,
        libc::SYS_setpgid,
        libc::SYS_setsid,
        libc::SYS_memfd_create,
        libc::SYS_execveat,
        libc::SYS_personality,
        libc::SYS_prlimit64,
        libc::SYS_fanotify_init,
        // statmount, listmount, memfd_secret: they have these numbers everywhere.
        457,
        458,
        447,
    ];
    let numbers: Vec<String> = calls.iter().map(ToString::to_string).collect();
    format!("filter={}", numbers.join(" "))
}
