package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
)

// Sessions lists the other processes that have the database, its log or its
// journal open, by what /proc shows. Containers count: files are compared by
// device and inode, not by name. Processes of other users can only be seen
// into as root; where one of them looks like a Directus server, the list
// cannot be trusted and an error says so.
func (d *DB) Sessions(ctx context.Context) ([]string, error) { return sessions(ctx, d.path) }

func sessions(ctx context.Context, path string) ([]string, error) {
	wanted := map[fileID]bool{}
	for _, suffix := range append([]string{""}, sideSuffixes...) {
		if info, err := os.Stat(path + suffix); err == nil {
			wanted[idOfInfo(info)] = true
		}
	}
	processes, err := process.All()
	if err != nil {
		return nil, err
	}
	found := []string{}
	var hidden []string
	for _, p := range processes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if p.PID == os.Getpid() {
			continue
		}
		holds, err := hasOpen(p.PID, wanted)
		switch {
		case holds:
			found = append(found, name(p))
		case errors.Is(err, os.ErrPermission) && suspicious(p):
			hidden = append(hidden, name(p))
		}
	}
	slices.Sort(found)
	if len(hidden) > 0 {
		return found, fault.New("cannot see whether these processes of other users have the database open: "+strings.Join(hidden, ", "),
			"run bunnyhop as the user that runs Directus, or as root")
	}
	return found, nil
}

// hasOpen reports whether a process has one of the files open. A process
// that is gone has nothing open.
func hasOpen(pid int, wanted map[fileID]bool) (bool, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrPermission) {
		return false, err
	}
	for _, entry := range entries {
		link := filepath.Join(dir, entry.Name())
		target, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "/dev/") {
			continue // sockets and pipes, and what was closed meanwhile
		}
		if info, err := os.Stat(link); err == nil && wanted[idOfInfo(info)] {
			return true, nil
		}
	}
	return false, nil
}

// suspicious reports whether a process may be a Directus server.
func suspicious(p process.Info) bool {
	if len(p.Command) == 0 {
		return false
	}
	program := []byte(filepath.Base(p.Command[0]))
	if bytes.HasPrefix(program, []byte("node")) || bytes.HasPrefix(bytes.ToLower(program), []byte("pm2")) {
		return true
	}
	return slices.ContainsFunc(p.Command, func(arg string) bool { return strings.Contains(arg, "directus") })
}

// name shows a process by its program only; arguments may hold secrets.
func name(p process.Info) string {
	program := "process"
	if len(p.Command) > 0 && p.Command[0] != "" {
		program = filepath.Base(p.Command[0])
	}
	return fmt.Sprintf("%s (pid %d)", program, p.PID)
}
