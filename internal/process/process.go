// Package process runs child processes that die with their parent, and looks
// at other processes through /proc (Linux).
package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Info describes a process as /proc shows it.
type Info struct {
	PID     int      `json:"pid"`
	Parent  int      `json:"parent"`
	Start   uint64   `json:"start"` // clock ticks since boot; with PID it names one process for good
	State   byte     `json:"-"`     // 'Z' is a zombie
	Command []string `json:"-"`     // may hold secrets: never journal or print it whole
	Dir     string   `json:"dir,omitempty"`
	Exe     string   `json:"exe,omitempty"`
}

// ErrGone says that a process does not exist (any more).
var ErrGone = errors.New("no such process")

// BootID is the kernel's random id of this boot.
func BootID() string {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// Stat reads one process. The error is ErrGone when it does not exist.
func Stat(pid int) (Info, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	data, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return Info{}, ErrGone
	}
	// The second field is the command in parentheses and may hold anything;
	// everything after the last ')' is plain.
	end := bytes.LastIndexByte(data, ')')
	fields := strings.Fields(string(data[end+1:]))
	if end < 0 || len(fields) < 20 {
		return Info{}, fmt.Errorf("reading /proc/%d/stat: unexpected form", pid)
	}
	info := Info{PID: pid, State: fields[0][0]}
	info.Parent, _ = strconv.Atoi(fields[1])
	info.Start, _ = strconv.ParseUint(fields[19], 10, 64)
	if info.State == 'Z' || info.State == 'X' {
		return Info{}, ErrGone
	}
	if cmdline, err := os.ReadFile(filepath.Join(dir, "cmdline")); err == nil {
		info.Command = strings.Split(strings.TrimRight(string(cmdline), "\x00"), "\x00")
	}
	info.Dir, _ = os.Readlink(filepath.Join(dir, "cwd"))
	info.Exe, _ = os.Readlink(filepath.Join(dir, "exe"))
	return info, nil
}

// Same reports whether the process still exists and is still that one.
func (i Info) Same() bool {
	now, err := Stat(i.PID)
	return err == nil && now.Start == i.Start
}

// All lists the processes that can be seen. A process that ends while the
// list is made is left out.
func All() ([]Info, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	var all []Info
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if info, err := Stat(pid); err == nil {
			all = append(all, info)
		}
	}
	return all, nil
}

// clockTicks is the unit of start times in /proc, per second (USER_HZ). It is
// 100 on every Linux that Go runs on.
const clockTicks = 100

// StartedAt returns when the process was started, to the clock tick.
func (i Info) StartedAt() (time.Time, error) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the boot time: %w", err)
	}
	for line := range strings.Lines(string(data)) {
		if text, ok := strings.CutPrefix(line, "btime "); ok {
			boot, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			if err != nil {
				return time.Time{}, fmt.Errorf("reading the boot time: %w", err)
			}
			return time.Unix(boot, 0).Add(time.Duration(i.Start) * time.Second / clockTicks), nil //nolint:gosec // ticks since boot stay far below 2^63
		}
	}
	return time.Time{}, errors.New("/proc/stat has no boot time")
}
