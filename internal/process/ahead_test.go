package process

import (
	"errors"
	"os"
	"testing"
	"time"
)

// waiting takes output only once it may.
type waiting struct {
	may   <-chan error
	first bool
	taken int
}

func (w *waiting) Write(p []byte) (int, error) {
	if !w.first {
		w.first = true
		if err := <-w.may; err != nil {
			return 0, err
		}
	}
	w.taken += len(p)
	return len(p), nil
}

// TestAhead holds that a child need not wait for what reads its output, up to
// the size of the pipe.
func TestAhead(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	may := make(chan error, 1)
	go func() {
		if err := reader.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			may <- err
			return
		}
		_, err := reader.Read(make([]byte, 8))
		may <- err
	}()
	out := &waiting{may: may}
	const script = "head -c 1 /dev/zero; sleep 0.2; head -c 900000 /dev/zero; echo done >&3"
	err = Run(t.Context(), Spec{Path: "/bin/sh", Args: []string{"-c", script}, Dir: "/", ExtraFiles: []*os.File{writer}, Stdout: out})
	if err := errors.Join(err, writer.Close()); err != nil {
		t.Fatal(err)
	}
	if out.taken != 900_001 {
		t.Errorf("%d bytes of 900,001 were taken", out.taken)
	}
}
