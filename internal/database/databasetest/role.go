package databasetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// A test binary also plays other processes: with this variable set it does
// what the named role does, and nothing else.
const (
	roleVariable   = "DATABASETEST_ROLE"
	configVariable = "DATABASETEST_CONFIG"
)

// Role is what another process does.
type Role func(config database.Config, args []string) error

// Restorers are the roles that restore a dump and die at a point, which
// reached, a variable of the vendor's package, is told of:
//
//	restorer DUMP POINT
//	scratcher DUMP POINT NAME: into a scratch database
func Restorers(reached *func(point string),
	restore func(context.Context, database.Config, string, progress.Reporter) error,
	scratch func(context.Context, database.Config, string, string, progress.Reporter) (database.Config, error),
) map[string]Role {
	return map[string]Role{
		"restorer": func(config database.Config, args []string) error {
			*reached = DieAt(args[1])
			return restore(context.Background(), config, args[0], progress.Discard)
		},
		"scratcher": func(config database.Config, args []string) error {
			*reached = DieAt(args[1])
			_, err := scratch(context.Background(), config, args[0], args[2], progress.Discard)
			return err
		},
	}
}

// Main is for TestMain: it plays a role, or returns to run the tests.
func Main(roles map[string]Role) {
	role := roles[os.Getenv(roleVariable)]
	if role == nil {
		return
	}
	parts := strings.Split(os.Getenv(configVariable), "\x1f")
	config := database.Config{Client: parts[0], Host: parts[1], Port: parts[2], Name: parts[3], User: parts[4], Password: parts[5]}
	if err := role(config, os.Args[1:]); err != nil {
		fmt.Println("error:", err, "hint:", fault.HintOf(err))
		os.Exit(1)
	}
	os.Exit(0)
}

// Actor is a process that plays a role.
func Actor(role string, config database.Config, args ...string) *exec.Cmd {
	return As(exec.Command("/proc/self/exe", args...), role, config) //nolint:gosec // this program
}

// As has a command, which is a copy of this program, play a role.
func As(cmd *exec.Cmd, role string, config database.Config) *exec.Cmd {
	cmd.Env = append(os.Environ(), roleVariable+"="+role,
		configVariable+"="+strings.Join([]string{config.Client, config.Host, config.Port, config.Name, config.User, config.Password}, "\x1f"))
	return cmd
}

// DieAt has this process killed when it reaches the point. A time is a point
// too. It returns what to call at each point.
func DieAt(at string) (reached func(point string)) {
	if after, err := time.ParseDuration(at); err == nil {
		time.AfterFunc(after, die)
	}
	return func(point string) {
		if point == at {
			die()
		}
	}
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	time.Sleep(time.Minute)
}

// Killed runs an actor that has to die by SIGKILL.
func Killed(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err == nil && timedPoint(cmd) {
		return // it was quicker
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the process was not killed: %v: %s", err, out)
	}
}

// timedPoint reports whether a process is to be killed after some time instead
// of at a point.
func timedPoint(cmd *exec.Cmd) bool {
	return slices.ContainsFunc(cmd.Args, func(arg string) bool {
		after, err := time.ParseDuration(arg)
		return err == nil && after > 0
	})
}
