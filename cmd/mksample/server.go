package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bunnyhop/internal/process"
)

// directus is an installed Directus that runs a project in another folder.
type directus struct {
	faketime, node string // programs
	tree           string // holds node_modules
	dir            string // the project
	port           int
	database       []string // variables that lead to a database elsewhere than in dir
}

func (d directus) url() string { return fmt.Sprintf("http://127.0.0.1:%d", d.port) }

// The clock that Directus sees: the sample is as old as its version. A project
// set up today would behave otherwise than one that has been used for long
// (Directus 12 gives a database younger than a day no licence grace).
const (
	setUp  = "@2024-10-07 08:00:00"
	filled = "@2024-10-07 08:10:00"
)

// spec describes one call of the command line, begun at a faked time. Only the
// date is faked, not the monotonic clock that timers use. Directus keeps
// temporary files under node_modules by default, which is not the project's
// here. SQLite dates are stored in the server's time zone.
func (d directus) spec(begun, command string) process.Spec {
	return process.Spec{
		Path:  d.faketime,
		Args:  []string{"-m", "--exclude-monotonic", "-f", begun, d.node, filepath.Join(d.tree, "node_modules", "directus", "cli.js"), command},
		Dir:   d.dir,
		Env:   append(append(os.Environ(), "TEMP_PATH="+filepath.Join(d.dir, "tmp"), "TZ=UTC", "NO_FAKE_STAT=1"), d.database...),
		Grace: 20 * time.Second,
	}
}

func (d directus) bootstrap(ctx context.Context) error {
	if err := process.Run(ctx, d.spec(setUp, "bootstrap")); err != nil {
		return fmt.Errorf("bootstrapping the database: %w", withOutput(err))
	}
	return nil
}

// start starts the server and returns when it answers. The returned function
// stops it.
func (d directus) start(ctx context.Context) (stop func() error, err error) {
	serving, cancel := context.WithCancel(ctx)
	child, err := process.Start(serving, d.spec(filled, "start"))
	if err != nil {
		cancel()
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	stop = func() error {
		cancel()
		var exit *process.ExitError
		if err := child.Wait(); err != nil && !errors.As(err, &exit) && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("stopping the server: %w", err)
		}
		return nil
	}
	deadline := time.After(time.Minute)
	for {
		if answers(ctx, d.url()+"/server/ping") {
			return stop, nil
		}
		select {
		case <-child.Done():
			cancel()
			return nil, fmt.Errorf("starting the server: %w", withOutput(child.Wait()))
		case <-deadline:
			return nil, stopAfter(errors.New("starting the server: no answer within a minute"), stop)
		case <-ctx.Done():
			return nil, stopAfter(ctx.Err(), stop)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func answers(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// stopAfter stops the server whatever happened before, and reports both.
func stopAfter(err error, stop func() error) error { return errors.Join(err, stop()) }

// withOutput adds a failed child's last lines, which hold the reason.
func withOutput(err error) error {
	var exit *process.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	return fmt.Errorf("%w\n%s", err, strings.Join(exit.Last, "\n"))
}
