package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Spec says what to run. Secrets belong in Env or a file, never in Args.
type Spec struct {
	Path string
	Args []string // without the program's name
	Dir  string
	Env  []string // the whole environment, as in os/exec
	// ExtraFiles are inherited as file descriptors 3, 4, …, as in os/exec.
	ExtraFiles []*os.File
	// Credential runs the child as another user; nil is the same user.
	Credential *syscall.Credential
	// Line takes each line of standard output and standard error, without its
	// line end. Optional.
	Line func(line string)
	// Stdout takes the raw standard output, of which Line then gets nothing.
	// Optional; an error ends the child and is returned.
	Stdout io.Writer
	// Stdin is what the child reads; nil is nothing. An error, which the child
	// takes for the end, is returned.
	Stdin io.Reader
	// Started is called with the child's process before anything is read.
	// Optional; an error kills the child and is returned.
	Started func(Info) error
	// Grace is how long the child may take to end after SIGTERM when the
	// context ends, before its whole process group gets SIGKILL; zero is 5 s.
	Grace time.Duration
}

// ExitError says that a child ended with a status other than 0.
type ExitError struct {
	Path   string
	Code   int // -1 when a signal ended it
	Signal string
	Last   []string // the last lines of output, at most 20
}

func (e *ExitError) Error() string {
	if e.Code < 0 {
		return fmt.Sprintf("%s was ended by %s", e.Path, e.Signal)
	}
	return fmt.Sprintf("%s exited with %d", e.Path, e.Code)
}

// Run runs a child to its end. The child leads a process group of its own and
// gets SIGKILL from the kernel should this process die (Linux PDEATHSIG), so
// that no child outlives the run.
func Run(ctx context.Context, spec Spec) error {
	child, err := Start(ctx, spec)
	if err != nil {
		return err
	}
	return child.Wait()
}

// Child is a started process.
type Child struct {
	Info Info
	done chan struct{}
	err  error
}

// Wait waits for the end and returns nil, an *ExitError, or the context's
// error joined with it when the context ended the child.
func (c *Child) Wait() error {
	<-c.done
	return c.err
}

// Done is closed when the child has ended and its output was read.
func (c *Child) Done() <-chan struct{} { return c.done }

// Start starts a child; see Run. Ending ctx ends the child.
func Start(ctx context.Context, spec Spec) (*Child, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	child := &Child{done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The parent-death signal is tied to the thread that forks, so that
		// thread has to live as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(child.done)
		child.run(ctx, spec, started)
	}()
	if err := <-started; err != nil {
		<-child.done
		return nil, err
	}
	return child, nil
}

func (c *Child) run(ctx context.Context, spec Spec, started chan<- error) {
	cmd := exec.Command(spec.Path, spec.Args...) //nolint:gosec,noctx // running programs is the purpose; the context is handled below
	cmd.Dir, cmd.Env, cmd.ExtraFiles = spec.Dir, spec.Env, spec.ExtraFiles
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Credential: spec.Credential}
	reader, writer, err := os.Pipe()
	if err != nil {
		started <- fmt.Errorf("making a pipe: %w", err)
		return
	}
	cmd.Stdout, cmd.Stderr = writer, writer
	ends := attach(cmd, spec)
	err = cmd.Start()
	_ = writer.Close()
	if err != nil {
		_ = reader.Close()
		started <- fmt.Errorf("starting %s: %w", spec.Path, err)
		return
	}
	if c.Info, err = Stat(cmd.Process.Pid); err != nil {
		c.Info = Info{PID: cmd.Process.Pid}
	}
	if spec.Started != nil {
		if err := spec.Started(c.Info); err != nil {
			killGroup(cmd.Process.Pid, syscall.SIGKILL)
			_ = cmd.Wait()
			_ = reader.Close()
			started <- err
			return
		}
	}
	started <- nil

	var tail lastLines
	read := make(chan struct{})
	go func() {
		defer close(read)
		readLines(reader, func(line string) {
			tail.add(line)
			if spec.Line != nil {
				spec.Line(line)
			}
		})
	}()
	ended := make(chan struct{})
	go c.endWith(ctx, cmd.Process.Pid, spec.Grace, ended)
	err = cmd.Wait()
	close(ended)
	// A grandchild may hold the pipe open after the child's end.
	killGroup(cmd.Process.Pid, syscall.SIGKILL)
	select {
	case <-read:
	case <-time.After(2 * time.Second):
	}
	_ = reader.Close()
	c.err = exitError(spec.Path, err, tail.lines())
	if err := ends.err(spec.Path); err != nil {
		c.err = errors.Join(err, c.err)
	}
	if ctx.Err() != nil && c.err != nil {
		c.err = errors.Join(ctx.Err(), c.err)
	}
}

func (c *Child) endWith(ctx context.Context, pid int, grace time.Duration, ended <-chan struct{}) {
	select {
	case <-ended:
		return
	case <-ctx.Done():
	}
	killGroup(pid, syscall.SIGTERM)
	if grace == 0 {
		grace = 5 * time.Second
	}
	select {
	case <-ended:
	case <-time.After(grace):
		killGroup(pid, syscall.SIGKILL)
	}
}

func killGroup(pid int, signal syscall.Signal) { _ = syscall.Kill(-pid, signal) }

func exitError(path string, err error, last []string) error {
	if err == nil {
		return nil
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("waiting for %s: %w", path, err)
	}
	e := &ExitError{Path: path, Code: exit.ExitCode(), Last: last}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		e.Signal = status.Signal().String()
	}
	return e
}

// maxLine bounds one line of output, in bytes; what is longer is cut.
const maxLine = 64 << 10

func readLines(r io.Reader, each func(string)) {
	buffered := bufio.NewReaderSize(r, maxLine)
	for {
		line, cut, err := buffered.ReadLine()
		if err != nil {
			return
		}
		each(string(line))
		for cut && err == nil {
			_, cut, err = buffered.ReadLine()
		}
	}
}

type lastLines struct {
	mu   sync.Mutex
	kept []string
}

func (l *lastLines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kept = append(l.kept, line); len(l.kept) > 20 {
		l.kept = l.kept[1:]
	}
}

func (l *lastLines) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.kept...)
}

// Terminate ends a process that is not a child of this one: SIGTERM, then
// SIGKILL after grace. It returns when the process is gone.
func Terminate(ctx context.Context, info Info, grace time.Duration) error {
	if !info.Same() {
		return nil
	}
	if err := syscall.Kill(info.PID, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stopping process %d: %w", info.PID, err)
	}
	killAt := time.Now().Add(grace)
	killed := false
	for info.Same() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !killed && time.Now().After(killAt) {
			_ = syscall.Kill(info.PID, syscall.SIGKILL)
			killed = true
		}
		if killed && time.Now().After(killAt.Add(5*time.Second)) {
			return fmt.Errorf("process %d does not end, even after SIGKILL", info.PID)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}
