package durable

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCreateAndPublish(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dump")
	temp := path + ".tmp"
	if err := os.WriteFile(temp, []byte("left by an earlier try"), 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := Create(temp)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || info.Size() != 0 || info.Mode() != 0o600 {
		t.Errorf("made with size %d and mode %v, %v", info.Size(), info.Mode(), err)
	}
	if _, err := file.WriteString("seven.."); err != nil {
		t.Fatal(err)
	}
	size, err := Publish(temp, path)
	if err != nil || size != 7 {
		t.Errorf("published %d bytes, %v", size, err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "seven.." {
		t.Errorf("it holds %q, %v", data, err)
	}
	if _, err := os.Stat(temp); !os.IsNotExist(err) {
		t.Errorf("the temporary name is left: %v", err)
	}
	for _, name := range []string{"no such folder/dump", ""} {
		if _, err := Create(filepath.Join(t.TempDir(), name)); err == nil && name != "" {
			t.Errorf("a file was made in a folder that does not exist")
		}
	}
}
