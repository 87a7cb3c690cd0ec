package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Environ returns the environment with which a process was started, in the
// form of os.Environ. It holds secrets. Only the owner and root may read it.
//
// Linux shows none for an instant while a program takes the place of another
// (fs/proc/base.c: environ_read); so a process that seems to have none is
// looked at for some time.
func Environ(pid int) ([]string, error) {
	name := filepath.Join("/proc", strconv.Itoa(pid), "environ")
	data, err := os.ReadFile(name)
	for end := time.Now().Add(starting); err == nil && len(data) == 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
		data, err = os.ReadFile(name)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("reading the environment of process %d: %w", pid, err)
	}
	var env []string
	for pair := range strings.SplitSeq(string(data), "\x00") {
		if strings.Contains(pair, "=") {
			env = append(env, pair)
		}
	}
	return env, nil
}

// starting is how long a process may seem to have no environment.
const starting = 500 * time.Millisecond

// InDir reports whether the process works in the folder that info describes.
// It looks at the folder itself, so that a process in a container with a
// folder of the same name is told apart. The error says that this process may
// not look.
func InDir(pid int, info os.FileInfo) (bool, error) {
	dir, err := os.Stat(filepath.Join("/proc", strconv.Itoa(pid), "cwd"))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil // gone, or its folder is
	}
	if err != nil {
		return false, err
	}
	return os.SameFile(dir, info), nil
}

// Credential returns the user and groups as which a process runs.
func Credential(pid int) (*syscall.Credential, error) {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return nil, ErrGone
	}
	ids := func(name string) []uint32 {
		var list []uint32
		for line := range strings.Lines(string(data)) {
			if rest, ok := strings.CutPrefix(line, name+":"); ok {
				for _, field := range strings.Fields(rest) {
					if n, err := strconv.ParseUint(field, 10, 32); err == nil {
						list = append(list, uint32(n))
					}
				}
			}
		}
		return list
	}
	uids, gids := ids("Uid"), ids("Gid") // real, effective, saved, file system
	if len(uids) < 2 || len(gids) < 2 {
		return nil, fmt.Errorf("reading /proc/%d/status: unexpected form", pid)
	}
	return &syscall.Credential{Uid: uids[1], Gid: gids[1], Groups: ids("Groups")}, nil
}

// Cgroups returns the control group paths of a process.
func Cgroups(pid int) ([]string, error) {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cgroup"))
	if err != nil {
		return nil, ErrGone
	}
	var paths []string
	for line := range strings.Lines(string(data)) {
		// "0::/system.slice/blog.service", or with a hierarchy and controllers
		if fields := strings.SplitN(strings.TrimSpace(line), ":", 3); len(fields) == 3 {
			paths = append(paths, fields[2])
		}
	}
	return paths, nil
}

// InContainer reports whether a process sees another root file system than
// this one does.
func InContainer(pid int) bool {
	own, err := os.Stat("/")
	if err != nil {
		return false
	}
	root, err := os.Stat(filepath.Join("/proc", strconv.Itoa(pid), "root") + "/")
	return err == nil && !os.SameFile(own, root)
}
