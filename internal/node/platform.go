package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// hostRoot is the root folder that is looked at for the C library.
const hostRoot = "/"

// loaders is the dynamic loader of glibc that each platform's Node asks for.
var loaders = map[string]string{
	"amd64":   "lib64/ld-linux-x86-64.so.2",
	"arm64":   "lib/ld-linux-aarch64.so.1",
	"arm":     "lib/ld-linux-armhf.so.3",
	"ppc64le": "lib64/ld64.so.2",
	"s390x":   "lib/ld64.so.1",
}

// platformPackage names the package that carries Node for this machine. The
// packages for Linux are built for glibc: on musl (Alpine) they do not start,
// or start through a shim and then fail in native modules.
func platformPackage(root string) (string, error) {
	if runtime.GOOS != "linux" {
		return "node-" + runtime.GOOS + "-" + Architecture(), nil
	}
	loader, known := loaders[runtime.GOARCH]
	if !known {
		return "", fmt.Errorf("there is no Node package for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	if hasGlibc(root) {
		return "node-linux-" + Architecture(), nil
	}
	if hasMusl(root) {
		return "", errors.New("this system's C library is musl; the npm registry's Node needs glibc")
	}
	return "", fmt.Errorf("the npm registry's Node needs glibc's loader /%s, which is not here", loader)
}

// Architecture is Node's name of this machine's architecture.
func Architecture() string {
	switch runtime.GOARCH {
	case "amd64":
		return "x64"
	case "arm":
		return "armv7l"
	}
	return runtime.GOARCH
}

// Musl reports whether this system's C library is musl.
func Musl() bool { return runtime.GOOS == "linux" && !hasGlibc(hostRoot) && hasMusl(hostRoot) }

// hasGlibc looks for glibc's loader. Alpine can have one that is a shim over
// musl (gcompat), which does not count.
func hasGlibc(root string) bool {
	if _, err := os.Stat(filepath.Join(root, "etc", "alpine-release")); err == nil {
		return false
	}
	real, err := filepath.EvalSymlinks(filepath.Join(root, loaders[runtime.GOARCH]))
	return err == nil && loaders[runtime.GOARCH] != "" && !strings.Contains(real, "musl") && !strings.Contains(real, "gcompat")
}

func hasMusl(root string) bool {
	found, err := filepath.Glob(filepath.Join(root, "lib", "ld-musl-*.so.1"))
	return err == nil && len(found) > 0
}
