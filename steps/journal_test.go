package steps

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"bunnyhop/internal/fault"
)

// written makes a journal of n lines and returns its path and its text.
func written(t *testing.T, n int) (path, text string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "journal.jsonl")
	j, err := createJournal(path, "run-1")
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := j.Append(fmt.Sprintf("step%d", i+1), entryStart, map[string]int{"n": i + 1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return path, contents(t, path)
}

func contents(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func overwrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestJournalIsNotMadeOverAnother(t *testing.T) {
	path, _ := written(t, 1)
	if _, err := createJournal(path, "run-2"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
}

// A crash can cut the last line at any byte.
func TestTornLastLineIsRepaired(t *testing.T) {
	path, text := written(t, 3)
	start := strings.LastIndex(strings.TrimSuffix(text, "\n"), "\n") + 1
	for cut := start; cut < len(text); cut++ {
		overwrite(t, path, text[:cut])
		if lines, err := ReadJournal(path); err != nil || len(lines) != 2 {
			t.Fatalf("cut at %d: %d lines, %v", cut, len(lines), err)
		}
		if contents(t, path) != text[:cut] {
			t.Fatalf("cut at %d: reading has changed the file", cut)
		}
		j, lines, err := openJournal(path, "run-1")
		if err != nil || len(lines) != 2 {
			t.Fatalf("cut at %d: %d lines, %v", cut, len(lines), err)
		}
		if err := errors.Join(j.Append("step4", entryStart, nil), j.Close()); err != nil {
			t.Fatal(err)
		}
		lines, err = ReadJournal(path)
		if err != nil {
			t.Fatalf("cut at %d: after the repair: %v", cut, err)
		}
		repaired := cut > start
		if want := map[bool]int{false: 3, true: 4}[repaired]; len(lines) != want {
			t.Fatalf("cut at %d: %d lines after the repair, want %d", cut, len(lines), want)
		}
		if repaired && (lines[2].Event != entryRepaired || string(lines[2].Data) != fmt.Sprintf(`{"bytes":%d}`, cut-start)) {
			t.Fatalf("cut at %d: the journal does not tell of the repair: %+v", cut, lines[2])
		}
		if last := lines[len(lines)-1]; last.Step != "step4" || last.Seq != len(lines) {
			t.Fatalf("cut at %d: last line %+v", cut, last)
		}
	}
}

// After a power cut a file system may show the end of a file as zeros.
func TestZeroedLastLineIsRepaired(t *testing.T) {
	path, text := written(t, 2)
	overwrite(t, path, text+strings.Repeat("\x00", 300))
	if lines, err := ReadJournal(path); err != nil || len(lines) != 2 {
		t.Errorf("%d lines, %v", len(lines), err)
	}
}

func TestDamageInTheMiddleNamesTheLine(t *testing.T) {
	_, text := written(t, 4)
	lines := strings.SplitAfter(text, "\n")
	for _, test := range []struct {
		name string
		text string
		line int
	}{
		{"a changed word", strings.Replace(text, "step2", "step9", 1), 3},
		{"a line is missing", lines[0] + lines[2] + lines[3], 2},
		{"the first line is missing", strings.Join(lines[1:], ""), 1},
		{"two lines are swapped", lines[0] + lines[2] + lines[1] + lines[3], 2},
		{"a line is doubled", lines[0] + lines[1] + lines[1] + lines[2], 3},
		{"not JSON", lines[0] + "{\"seq\":2\n" + lines[2] + lines[3], 2},
		{"an empty line", lines[0] + "\n" + lines[1] + lines[2], 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "journal.jsonl")
			overwrite(t, path, test.text)
			_, err := ReadJournal(path)
			if want := fmt.Sprintf("%s is damaged at line %d", path, test.line); err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("got %v, want %q", err, want)
			}
			if fault.CodeOf(err) != fault.NeedsPerson || fault.HintOf(err) == "" {
				t.Errorf("code %d, hint %q", fault.CodeOf(err), fault.HintOf(err))
			}
			if _, _, err := openJournal(path, "run-1"); fault.CodeOf(err) != fault.NeedsPerson {
				t.Errorf("opening: %v", err)
			}
			if contents(t, path) != test.text {
				t.Error("the damaged journal was changed")
			}
		})
	}
}

// Steps work in several goroutines.
func TestJournalTakesLinesFromSeveralGoroutines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	j, err := createJournal(path, "run-1")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				if err := j.Append("step", entryRecord, "value"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if lines, err := ReadJournal(path); err != nil || len(lines) != 40 {
		t.Errorf("%d lines, %v", len(lines), err)
	}
}
