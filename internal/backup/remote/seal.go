package remote

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"bunnyhop/internal/backup/remote/keys"
)

// A sealed object is
//
//	"bhop" 1 flags | payload | SHA-256 of the key and all before it
//
// The payload is the content, compressed (flag 1), then encrypted (flag 2). The
// digest at the end covers the key, so that an object under another's name is
// found too. It is of what is stored: damage shows without a private key.
const (
	sealMagic      = "bhop\x01"
	sealCompressed = 1
	sealEncrypted  = 2
	sealHead       = len(sealMagic) + 1
	sealLeast      = sealHead + sha256.Size
)

// errDamaged says that an object is not what was stored.
var errDamaged = errors.New("has other contents")

// sealer seals contents. It is safe for use by several goroutines.
type sealer struct{ recipients keys.Recipients }

// seal returns the object for a content under a key.
func (s sealer) seal(key string, content []byte) ([]byte, error) {
	flags := byte(0)
	payload := content
	if packed := compressed(content); packed != nil {
		payload, flags = packed, flags|sealCompressed
	}
	const ageOverhead = 4 << 10
	out := bytes.NewBuffer(make([]byte, 0, sealLeast+len(payload)+ageOverhead))
	if !s.recipients.None() {
		flags |= sealEncrypted
	}
	out.WriteString(sealMagic)
	out.WriteByte(flags)
	if flags&sealEncrypted == 0 {
		out.Write(payload)
	} else {
		w, err := s.recipients.Encrypt(out)
		if err != nil {
			return nil, fmt.Errorf("encrypting: %w", err)
		}
		if _, err := w.Write(payload); err != nil {
			return nil, fmt.Errorf("encrypting: %w", err)
		}
		if err := w.Close(); err != nil {
			return nil, fmt.Errorf("encrypting: %w", err)
		}
	}
	sum := sealSum(key, out.Bytes())
	out.Write(sum[:])
	return out.Bytes(), nil
}

func sealSum(key string, stored []byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	h.Write([]byte(key + "\x00"))
	h.Write(stored)
	h.Sum(sum[:0])
	return sum
}

// intact checks a sealed object by what is stored.
func intact(key string, object []byte) error {
	if len(object) < sealLeast {
		return errDamaged
	}
	end := len(object) - sha256.Size
	if sum := sealSum(key, object[:end]); subtle.ConstantTimeCompare(sum[:], object[end:]) != 1 {
		return errDamaged
	}
	if string(object[:len(sealMagic)]) != sealMagic || object[len(sealMagic)]&^(sealCompressed|sealEncrypted) != 0 {
		return errors.New("is of a newer bunnyhop")
	}
	return nil
}

// open returns the content of a sealed object, of at most most bytes.
func open(key string, object []byte, identities keys.Identities, most int64) ([]byte, error) {
	if err := intact(key, object); err != nil {
		return nil, err
	}
	flags, payload := object[len(sealMagic)], object[sealHead:len(object)-sha256.Size]
	if flags&sealEncrypted != 0 {
		plain, err := identities.Decrypt(bytes.NewReader(payload))
		if err != nil {
			return nil, err
		}
		if payload, err = appendAll(make([]byte, 0, len(payload)), plain); err != nil {
			return nil, fmt.Errorf("decrypting: %w", err)
		}
	}
	if flags&sealCompressed == 0 {
		return payload, nil
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(most))) //nolint:gosec // a size
	if err != nil {
		return nil, fmt.Errorf("decompressing: %w", err)
	}
	defer decoder.Close()
	content, err := decoder.DecodeAll(payload, nil)
	if err != nil {
		return nil, fmt.Errorf("decompressing: %w", err)
	}
	return content, nil
}

// encoders are made once: their tables are large.
var (
	encoder = sync.OnceValue(func() *zstd.Encoder { return newEncoder(zstd.SpeedDefault) })
	sampler = sync.OnceValue(func() *zstd.Encoder { return newEncoder(zstd.SpeedFastest) })
)

func newEncoder(level zstd.EncoderLevel) *zstd.Encoder {
	const window = 1 << 20
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithWindowSize(window), zstd.WithEncoderCRC(false),
		zstd.WithEncoderConcurrency(encoders), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err) // only a wrong option is an error
	}
	return e
}

// encoders is how many contents are compressed at once.
const encoders = 2

// compressed returns the content compressed, or nil if that does not make it
// smaller. What is compressed already, as pictures, films and many dumps are,
// is told by a sample.
func compressed(content []byte) []byte {
	const (
		sample = 16 << 10
		worth  = 0.97 // of the size, at most
	)
	if len(content) > 8*sample {
		picked := make([]byte, 0, 3*sample)
		for _, at := range []int{0, (len(content) - sample) / 2, len(content) - sample} {
			picked = append(picked, content[at:at+sample]...)
		}
		if packed := sampler().EncodeAll(picked, nil); float64(len(packed)) > worth*float64(len(picked)) {
			return nil
		}
	}
	packed := encoder().EncodeAll(content, make([]byte, 0, len(content)/2+64))
	if float64(len(packed)) > worth*float64(len(content)) {
		return nil
	}
	return packed
}
