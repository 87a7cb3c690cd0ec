package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
)

// Ping waits until the server answers "pong" at url (see
// project.Config.PingURL), or until ctx ends, whose deadline is the only
// limit. alive says whether the process still lives (see Found.Watch); it may
// be nil. A server that dies ends the wait at once.
func Ping(ctx context.Context, address string, alive func() error, r progress.Reporter) error {
	client, target, err := pingClient(address)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	begun := time.Now()
	last := "no answer"
	for {
		if alive != nil {
			if err := alive(); err != nil {
				return err
			}
		}
		ok, said := pong(ctx, client, target)
		if ok {
			if alive != nil { // the answer may be another server's
				return alive()
			}
			return nil
		}
		if said != "" {
			last = said
		}
		r.Progress("waiting for the server", progress.Seconds, int64(time.Since(begun).Seconds()), 0)
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fault.Wrap(ctx.Err(), fmt.Sprintf("the server did not answer at %s in %s (%s)",
					address, time.Since(begun).Round(time.Second), last), "look at the server's log")
			}
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// pingClient talks to the server directly, whatever proxy is set.
func pingClient(address string) (*http.Client, string, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "unix") {
		return nil, "", fault.New("the server's address "+address+" cannot be used", "check HOST and PORT in the configuration")
	}
	transport := &http.Transport{Proxy: nil}
	target := address
	if u.Scheme == "unix" {
		target = "http://localhost/server/ping"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", u.Path)
		}
	}
	return &http.Client{
		Transport: transport, Timeout: 5 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, target, nil
}

// pong asks once. said describes an answer that is not pong.
func pong(ctx context.Context, client *http.Client, target string) (ok bool, said string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return false, err.Error()
	}
	response, err := client.Do(request)
	if err != nil {
		return false, ""
	}
	defer response.Body.Close() //nolint:errcheck // read only
	body, err := io.ReadAll(io.LimitReader(response.Body, 64))
	if err != nil {
		return false, ""
	}
	if response.StatusCode == http.StatusOK && strings.TrimSpace(string(body)) == "pong" {
		return true, ""
	}
	return false, fmt.Sprintf("something there answers with status %d, not with pong", response.StatusCode)
}

// Watch returns a function for Ping that says whether the started process
// still lives. For a server that something else started, and whose process is
// not known, it looks for the server's processes, and takes ten seconds
// without any for its end: on a busy machine one may be long in coming. The
// error holds the last lines of the log.
func (f *Found) Watch(info process.Info, logFile string) func() error {
	var looked, seen time.Time
	return func() error {
		if info.PID != 0 && (f.Kind == Process || f.Kind == None) {
			if info.Same() {
				return nil
			}
			return died(fault.New("the server ended before it answered", ""), logFile)
		}
		now := time.Now()
		if now.Sub(looked) < 500*time.Millisecond {
			return nil
		}
		looked = now
		up, err := f.Up(context.Background())
		if err != nil {
			return err
		}
		if up || seen.IsZero() {
			seen = now
		}
		if now.Sub(seen) < 10*time.Second {
			return nil
		}
		e := fault.New("the server ended before it answered", "")
		switch f.Kind {
		case Systemd:
			return e.WithHint("`journalctl -u %s -n 50` says why", f.Unit)
		case PM2:
			return e.WithHint("`pm2 logs %s --lines 50` says why", f.PM2)
		case Command, Process, None:
		}
		return died(e, logFile)
	}
}

// died completes an error about an early end with the last log lines and, for
// causes that are known, with their remedy.
func died(e *fault.Error, logFile string) error {
	lines := LastLines(logFile, 15)
	if len(lines) == 0 {
		return e
	}
	e.Err = errors.Join(e.Err, errors.New(strings.Join(lines, "\n")))
	text := strings.Join(lines, "\n")
	switch {
	case strings.Contains(text, "EADDRINUSE"), strings.Contains(text, "is already in use"):
		e.What = "the server's port is taken by another process"
		return e.WithHint("stop what listens there, or change PORT in the configuration")
	case strings.Contains(text, "ERR_DLOPEN_FAILED"), strings.Contains(text, "NODE_MODULE_VERSION"):
		return e.WithHint("the installed modules were built for another Node; run the server with the Node that installed them")
	}
	return e.WithHint("the whole output is in %s", logFile)
}

// LastLines returns at most n lines from the end of a log, of the last start
// only. It never fails: a log that cannot be read has no lines.
func LastLines(logFile string, n int) []string {
	const most = 64 << 10
	file, err := os.Open(logFile)
	if err != nil {
		return nil
	}
	defer file.Close() //nolint:errcheck // read only
	if info, err := file.Stat(); err == nil && info.Size() > most {
		if _, err := file.Seek(-most, io.SeekEnd); err != nil {
			return nil
		}
	}
	data, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return nil
	}
	if i := bytes.LastIndex(data, []byte(startMark)); i >= 0 {
		_, data, _ = bytes.Cut(data[i:], []byte("\n"))
	}
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(data)), "\n"), func(l string) bool { return strings.TrimSpace(l) == "" })
	return lines[max(0, len(lines)-n):]
}
