package mysql

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

// The test binary also plays other processes: with this variable set it does
// what the named role does, and nothing else.
const (
	roleVariable   = "MYSQL_TEST_ROLE"
	configVariable = "MYSQL_TEST_CONFIG"
)

var roles = map[string]func(config database.Config, args []string) error{
	// restorer DUMP POINT: restores, and dies at the point.
	"restorer": func(config database.Config, args []string) error {
		dieAt(args[1])
		return Restore(context.Background(), config, args[0], progress.Discard)
	},
	// scratcher DUMP POINT NAME: restores into a scratch database, and dies.
	"scratcher": func(config database.Config, args []string) error {
		dieAt(args[1])
		_, err := RestoreScratch(context.Background(), config, args[0], args[2], progress.Discard)
		return err
	},
	// inplace DUMP POINT: restores in place, and dies.
	"inplace": func(config database.Config, args []string) error {
		dieAt(args[1])
		return RestoreInPlace(context.Background(), config, args[0], progress.Discard)
	},
}

func dieAt(at string) {
	reached = func(point string) {
		if point == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			time.Sleep(time.Minute)
		}
	}
	// A time is a point too.
	if after, err := time.ParseDuration(at); err == nil {
		time.AfterFunc(after, func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) })
	}
}

func TestMain(m *testing.M) {
	role := roles[os.Getenv(roleVariable)]
	if role == nil {
		tick, holdAtMost = 10*time.Millisecond, time.Minute
		os.Exit(m.Run())
	}
	parts := strings.Split(os.Getenv(configVariable), "\x1f")
	config := database.Config{Client: "mysql", Host: parts[0], Port: parts[1], Name: parts[2], User: parts[3], Password: parts[4]}
	if err := role(config, os.Args[1:]); err != nil {
		fmt.Println("error:", err, "hint:", fault.HintOf(err))
		os.Exit(1)
	}
}

// actor is a process that plays a role.
func actor(role string, config database.Config, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role,
		configVariable+"="+strings.Join([]string{config.Host, config.Port, config.Name, config.User, config.Password}, "\x1f"))
	return cmd
}

// killed runs an actor that has to die by SIGKILL.
func killed(t *testing.T, cmd *exec.Cmd) {
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
