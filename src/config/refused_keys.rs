//! Keys that other build tools know and that a sealed build has no place for.

/// Why a key is refused and what to do without it; nothing for a key that nobody would expect.
pub(super) fn refused_key(key: &str) -> Option<String> {
    let plain = key.to_ascii_lowercase().replace('-', "_");
    let why = match plain.as_str() {
        "toolexec" | "exec" => {
            "would run another program in place of Go's tools, which a sealed build never does: take it out"
        }
        "overlay" | "modfile" | "mod" | "modcacherw" | "pkgdir" | "installsuffix" => {
            "would swap what is compiled, and a sealed build reads the module, its vendor tree and the SDK: take it out"
        }
        "flags" | "goflags" | "buildflags" | "build_flags" | "args" => {
            "would pass any flag to `go build`: name what the tools need as `ldflags`, `gcflags`, `asmflags` or `tags`"
        }
        "cc" | "cxx" | "fc" | "ar" | "pkg_config" | "extld" | "extldflags" | "gccgo" | "gccgoflags"
        | "compiler" => {
            "names a C toolchain, and cgo is off: take it out, Go's own linker makes a static program"
        }
        "cgo" | "cgo_enabled" | "cgo_cflags" | "cgo_cppflags" | "cgo_cxxflags" | "cgo_ldflags" => {
            "concerns cgo, which is off: take it out, or leave packages that need C behind a build tag"
        }
        "race" | "msan" | "asan" | "cover" | "buildmode" | "linkshared" => {
            "makes another kind of program than the plan says: run `go build` by hand for it"
        }
        "trimpath" | "buildvcs" => {
            "is settled, xbuild always builds with -trimpath -buildvcs=false: take it out"
        }
        "hooks" | "hook" | "before" | "after" | "pre" | "post" | "command" | "cmd" | "run" | "script"
        | "generate" => {
            "would run programs around the build: run them before xbuild, and keep what they make"
        }
        "gocacheprog" | "gocache" | "gomodcache" | "gopath" | "gowork" | "goenv" | "goroot"
        | "gotoolchain" => {
            "is set by xbuild for every sealed build; --sdk and --cache-dir are the user's to give"
        }
        "goproxy" | "goprivate" | "gonoproxy" | "gosumdb" | "gonosumdb" | "goinsecure" | "govcs"
        | "goauth" => {
            "decides where modules come from, which is the user's: set the variable for `xbuild vendor`"
        }
        "goos" | "goarch" | "goamd64" | "goarm" | "goarm64" | "go386" | "gomips" | "gomips64" | "goppc64"
        | "goriscv64" | "gowasm" => "belongs to a target: name it in `targets`, `linux/amd64/v3`",
        "goexperiment" | "gofips140" => {
            return Some(format!(
                "write `env = [\"{}\"]`: the value comes from the host's environment",
                key.to_ascii_uppercase()
            ));
        }
        _ => return None,
    };
    Some(format!("`{key}` {why}"))
}
