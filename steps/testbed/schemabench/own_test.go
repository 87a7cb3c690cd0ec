package schemabench_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"
	"time"

	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/project"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
	"bunnyhop/steps/model"
)

// child tells the test binary to do this program's part, in a process of its
// own as directus-sync has it, so that time and memory are of that alone. It
// says how often the two models are compared.
const child = "BUNNYHOP_SCHEMABENCH_CHILD"

// answer is what such a child says.
type answer struct {
	OpenMS, ReadMS float64   // the desired model, the database's
	CompareMS      []float64 // the two; the first is the one that a person waits for
	HeapMB, LiveMB float64   // in use after the first, and what of it are the models and the changes
	Changes, Noise int
}

func TestMain(m *testing.M) {
	if os.Getenv(child) == "" {
		os.Exit(m.Run())
	}
	times, err := strconv.Atoi(os.Getenv(child))
	var said answer
	if err == nil {
		said, err = own(context.Background(), os.Args[1], os.Args[2], times)
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(said)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// own compares a project's database with a folder of directus-sync.
func own(ctx context.Context, root, dump string, times int) (said answer, err error) {
	begin := time.Now()
	lap := func(into *float64) {
		*into = milliseconds(time.Since(begin))
		begin = time.Now()
	}
	wanted, err := snapshot.Open(dump)
	if err != nil {
		return said, err
	}
	lap(&said.OpenMS)
	p, err := project.Detect(root)
	if err != nil {
		return said, err
	}
	if err := p.LoadConfig(ctx, nil, ""); err != nil {
		return said, err
	}
	db, err := connect.Open(ctx, p.Config.Database(), connect.ReadOnly)
	if err != nil {
		return said, err
	}
	current, err := model.ReadDatabase(ctx, p, db, version)
	if err = errors.Join(err, db.Close()); err != nil {
		return said, err
	}
	lap(&said.ReadMS)
	result, err := compare.Compare(current, wanted)
	if err != nil {
		return said, err
	}
	said.CompareMS = make([]float64, times)
	lap(&said.CompareMS[0])
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	said.HeapMB = float64(memory.HeapInuse) / (1 << 20)
	runtime.GC()
	runtime.ReadMemStats(&memory)
	said.LiveMB = float64(memory.HeapAlloc) / (1 << 20)
	said.Changes, said.Noise = len(result.Changes), len(result.Noise)
	runtime.KeepAlive(result)
	for i := range said.CompareMS[1:] {
		runtime.GC() // what reading left behind is not comparing
		lap(new(float64))
		if _, err := compare.Compare(current, wanted); err != nil {
			return said, err
		}
		lap(&said.CompareMS[1+i])
	}
	runtime.KeepAlive(current)
	runtime.KeepAlive(wanted)
	return said, nil
}

func (t *target) compareOwn(b *testing.B, dump string, times int) (answer, ended) {
	b.Helper()
	cmd := exec.Command(os.Args[0], t.project.Root, dump)                                   //nolint:noctx // ends by itself
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", child, times), "GOMEMLIMIT=200MiB") // the limit that the program sets
	result := run(b, cmd)
	var said answer
	if err := json.Unmarshal([]byte(result.output), &said); err != nil {
		b.Fatalf("%v\n%s", err, result.output)
	}
	if said.Changes != collections*columns/changed {
		b.Fatalf("%d changes were found", said.Changes)
	}
	return said, result
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
