package objectstore_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
	"bunnyhop/internal/objectstore/s3test"
)

func TestReadingGoesOnAfterTheServerWasKilledAndStarted(t *testing.T) {
	s := s3test.Private(t)
	config := s.Bucket(t)
	big := make([]byte, 24<<20)
	_, _ = rand.Read(big)
	s3test.Put(t, config, map[string]string{"big": string(big)})
	body, _, err := open(t, config).Get(t.Context(), "big")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close() //nolint:errcheck // only read from
	head := make([]byte, 1<<20)
	if _, err := io.ReadFull(body, head); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	s.Restart(t)
	rest, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(append(head, rest...), big) {
		t.Error("other bytes came")
	}
}

func TestAServerThatStaysAwayIsAnError(t *testing.T) {
	s := s3test.Private(t)
	config := s.Bucket(t)
	s3test.Put(t, config, map[string]string{"big": strings.Repeat("x", 24<<20)})
	body, _, err := open(t, config).Get(t.Context(), "big")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close() //nolint:errcheck // only read from
	if _, err := io.ReadFull(body, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	s.Stop(t)
	if _, err := io.Copy(io.Discard, body); err == nil || fault.HintOf(err) == "" {
		t.Errorf("got %v", err)
	}
	s.Restart(t)
}

func TestAnObjectReplacedWhileItIsReadIsNotice(t *testing.T) {
	s := s3test.Private(t)
	config := s.Bucket(t)
	s3test.Put(t, config, map[string]string{"big": strings.Repeat("x", 24<<20)})
	body, _, err := open(t, config).Get(t.Context(), "big")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close() //nolint:errcheck // only read from
	if _, err := io.ReadFull(body, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	s.Restart(t)
	s3test.Put(t, config, map[string]string{"big": strings.Repeat("y", 24<<20)})
	if _, err := io.Copy(io.Discard, body); !errors.Is(err, objectstore.ErrChanged) {
		t.Errorf("got %v", err)
	}
}

func TestACancelledContextEndsAtOnce(t *testing.T) {
	config := s3test.Start(t)
	s3test.Put(t, config, map[string]string{"big": strings.Repeat("x", 24<<20)})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b := open(t, config)
	body, _, err := b.Get(ctx, "big")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close() //nolint:errcheck // only read from
	if _, err := io.ReadFull(body, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.Copy(io.Discard, body); !errors.Is(err, context.Canceled) {
		t.Errorf("reading ended in %v", err)
	}
	for name, err := range map[string]error{
		"put": b.Put(ctx, "x", strings.NewReader("x"), 1), "remove": b.Remove(ctx, "x"), "check": b.Check(ctx),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s ended in %v", name, err)
		}
	}
}
