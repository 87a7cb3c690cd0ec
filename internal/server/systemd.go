package server

import (
	"context"
	"errors"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
)

// cgroups reads the control groups of a process; a variable because no test
// machine can be counted on to run systemd.
var cgroups = process.Cgroups

// systemctlTime is how long a unit may take to stop or start; systemd's own
// default limit is 90 s.
const systemctlTime = 3 * time.Minute

// findUnit looks whether a systemd unit runs the server: the control group
// names it, and its main process is one of the server's own. A server started
// by hand in an SSH or cron session is in their unit, but is not its main
// process.
func (f *Found) findUnit(ctx context.Context, t *table, servers []process.Info) bool {
	paths, err := cgroups(servers[0].PID)
	if err != nil {
		return false
	}
	for _, p := range paths {
		unit, user := unitOf(p)
		if unit == "" {
			continue
		}
		main := 0
		err := systemctl(ctx, user, func(line string) {
			if text, ok := strings.CutPrefix(line, "MainPID="); ok {
				main, _ = strconv.Atoi(text)
			}
		}, "show", "--property=MainPID", "--no-pager", unit)
		if err != nil {
			continue
		}
		for _, tree := range t.trees(servers) {
			if tree.PID == main {
				f.Kind, f.Unit, f.User = Systemd, unit, user
				return true
			}
		}
	}
	return false
}

// unitOf returns the service at the end of a control group path, and whether
// it belongs to a user's own manager.
func unitOf(cgroup string) (unit string, user bool) {
	for element := range strings.SplitSeq(strings.Trim(cgroup, "/"), "/") {
		switch {
		case strings.HasPrefix(element, "user@") && strings.HasSuffix(element, ".service"):
			user, unit = true, ""
		case strings.HasSuffix(element, ".service"):
			unit = element
		case strings.HasSuffix(element, ".scope"):
			unit = ""
		}
	}
	return unit, user
}

// systemctl runs systemctl without asking for a password.
func systemctl(ctx context.Context, user bool, line func(string), args ...string) error {
	program, err := lookPath(os.Environ(), "/", "systemctl")
	if err != nil {
		return err
	}
	args = append([]string{"--no-ask-password"}, args...)
	if user {
		args = append([]string{"--user"}, args...)
	}
	ctx, cancel := context.WithTimeout(ctx, systemctlTime)
	defer cancel()
	return process.Run(ctx, process.Spec{Path: program, Args: args, Dir: "/", Env: os.Environ(), Line: line})
}

func (f *Found) unitDo(ctx context.Context, verb string, r progress.Reporter) error {
	r.Output("systemctl " + verb + " " + f.Unit)
	err := systemctl(ctx, f.User, r.Output, verb, f.Unit)
	if err == nil {
		return nil
	}
	hint := "run bunnyhop as root, or try `systemctl " + verb + " " + f.Unit + "` by hand"
	var exit *process.ExitError
	if errors.As(err, &exit) && len(exit.Last) > 0 {
		return fault.Wrap(errors.New(exit.Last[len(exit.Last)-1]), "systemd did not "+verb+" "+path.Base(f.Unit), hint)
	}
	return fault.Wrap(err, "systemd did not "+verb+" "+path.Base(f.Unit), hint)
}
