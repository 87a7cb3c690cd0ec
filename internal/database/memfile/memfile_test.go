package memfile

import (
	"os"
	"os/exec"
	"testing"
)

// TestNew hands a file to a child, which reads it from its beginning.
func TestNew(t *testing.T) {
	file, err := New("secret", "one\ntwo\n")
	if err != nil {
		t.Fatal(err)
	}
	defer CloseAll([]*os.File{nil, file})
	info, err := file.Stat()
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	cmd := exec.Command("cat", "/proc/self/fd/3")
	cmd.ExtraFiles = []*os.File{file}
	if out, err := cmd.Output(); err != nil || string(out) != "one\ntwo\n" {
		t.Errorf("the child read %q, %v", out, err)
	}
}
