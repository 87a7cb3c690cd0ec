package remote

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/backup/remote/keys"
	"bunnyhop/internal/objectstore/s3test"
	"bunnyhop/internal/progress"
)

// One flipped bit, wherever it is, is found without the private key.
func TestVerifyFindsEveryFlippedBit(t *testing.T) {
	for _, kind := range []string{"none", "age"} {
		t.Run(kind, func(t *testing.T) {
			config := s3test.Start(t)
			store := openStore(t, config)
			s := newSource(t)
			s.put("uploads/film.mp4", "short") // so that a look is quick
			s.put("uploads/zeros.bin", "")
			recipients, _ := pair(t, kind)
			push(t, s.backup("b1"), store, options(t, recipients))
			objects := s3test.Contents(t, config)
			for key, text := range objects {
				tries := 12
				if strings.HasPrefix(key, summaryPrefix) || strings.HasPrefix(key, manifestPrefix) {
					tries = 60
				}
				for i := range tries {
					spoiled := []byte(text)
					at := rand.IntN(len(spoiled)) //nolint:gosec // a test
					switch i {                    // the ends are what is easily left out
					case 0:
						at = 0
					case 1:
						at = len(spoiled) - 1
					case 2:
						at = len(sealMagic)
					}
					bit := byte(1) << rand.IntN(8) //nolint:gosec // a test
					spoiled[at] ^= bit
					if err := store.Put(t.Context(), key, bytes.NewReader(spoiled), int64(len(spoiled))); err != nil {
						t.Fatal(err)
					}
					_, err := Verify(t.Context(), store, "b1", keys.Identities{}, progress.Discard)
					var damage *backup.DamageError
					if !errors.As(err, &damage) || len(damage.Bad) != 1 || damage.Bad[0].Path != key {
						t.Fatalf("%s, byte %d of %d, bit %x: %v", key, at, len(spoiled), bit, err)
					}
				}
				s3test.Put(t, config, map[string]string{key: text})
			}
			if _, err := Verify(t.Context(), store, "b1", keys.Identities{}, progress.Discard); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Objects that are missing, cut short or in each other's place are found, and
// an upload with Reread mends them.
func TestVerifyFindsObjectsThatAreNotTheirs(t *testing.T) {
	config := s3test.Start(t)
	store := openStore(t, config)
	s := newSource(t)
	recipients, identities := pair(t, "age")
	o := options(t, recipients)
	dir := s.backup("b1")
	s.prove(dir)
	push(t, dir, store, o)
	var pieces []string
	objects := s3test.Contents(t, config)
	for key := range objects {
		if strings.HasPrefix(key, dataPrefix) {
			pieces = append(pieces, key)
		}
	}
	a, b := pieces[0], pieces[1]
	for name, spoil := range map[string]func(){
		"missing": func() { _ = store.Remove(t.Context(), a) },
		"short":   func() { s3test.Put(t, config, map[string]string{a: objects[a][:len(objects[a])-1]}) },
		"long":    func() { s3test.Put(t, config, map[string]string{a: objects[a] + "x"}) },
		"other's": func() { s3test.Put(t, config, map[string]string{a: objects[b]}) },
	} {
		spoil()
		_, err := Verify(t.Context(), store, "b1", identities, progress.Discard)
		var damage *backup.DamageError
		if err = Unprove(t.Context(), store, "b1", err); !errors.As(err, &damage) || len(damage.Bad) != 1 || damage.Bad[0].Path != a {
			t.Errorf("%s: %v", name, err)
		}
		if s, err := Read(t.Context(), store, "b1"); err != nil || s.Verified != nil {
			t.Errorf("%s: it still counts as proved: %v", name, err)
		}
		o.Reread = true
		if p := push(t, dir, store, o); p.Pieces != 1 {
			t.Errorf("%s: %d pieces were stored again", name, p.Pieces)
		}
		if _, err := Verify(t.Context(), store, "b1", identities, progress.Discard); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if s, err := Read(t.Context(), store, "b1"); err != nil || s.Verified == nil {
			t.Errorf("%s: mended, it does not count as proved: %v", name, err)
		}
		objects = s3test.Contents(t, config)
	}
}

func TestOpenRefusesOtherContents(t *testing.T) {
	_, identities := pair(t, "age")
	for _, size := range []int{0, 1, 100, 200 << 10, pieceSize} {
		for _, fill := range []string{"\x00", "random"} {
			content := bytes.Repeat([]byte(fill), size)[:size]
			if fill == "random" {
				for i := range content {
					content[i] = byte(rand.Uint32()) //nolint:gosec // a test
				}
			}
			object, err := sealer{}.seal("k", content)
			if err != nil {
				t.Fatal(err)
			}
			got, err := open("k", object, identities, pieceSize)
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d bytes: %v", size, err)
			}
			if _, err := open("l", object, identities, pieceSize); !errors.Is(err, errDamaged) {
				t.Errorf("under another key: %v", err)
			}
			if smaller := len(object) < size+sealLeast; smaller != (fill == "\x00" && size > 1) {
				t.Errorf("%d of %q became %d", size, fill, len(object))
			}
		}
	}
	// What would become larger than it may is not unpacked.
	object, err := sealer{}.seal("k", make([]byte, pieceSize))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open("k", object, identities, 1<<20); err == nil {
		t.Error("it was unpacked")
	}
}
