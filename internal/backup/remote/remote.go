// Package remote keeps copies of finished backups in an S3 bucket: contents
// once, by digest, compressed where that helps and encrypted where keys are
// named.
//
// The objects, below the bucket's prefix:
//
//	data/ab/ab12…          a piece of contents, at most pieceSize of a file
//	manifests/ID/n.manifest  the backup's manifest, and the pieces of its files
//	manifests/ID/n.index     the names and sizes of the pieces it needs
//	backups/ID.json        a summary, in plain
//	leases/…               who uploads or cleans up right now
//
// A backup counts once its summary is there, which is written last. All
// objects but leases carry a digest of what is stored, so that damage is found
// by whoever can read the bucket, without any private key.
package remote

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"strings"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/backup/remote/keys"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/objectstore"
)

// Format is the version of the layout that this program writes, and the newest
// that it reads.
const Format = 1

const (
	dataPrefix     = "data/"
	manifestPrefix = "manifests/"
	summaryPrefix  = "backups/"
	leasePrefix    = "leases/"
	summarySuffix  = ".json"
	manifestSuffix = ".manifest"
	indexSuffix    = ".index"
)

// pieceSize is the most of a file that one object holds, in bytes. An upload
// that is killed goes on at this grain, and a large file that is changed in
// place, as a database of SQLite is, is uploaded again at this grain. It is a
// multiple of every page size.
const pieceSize = 4<<20 - 64<<10

// workers is how many objects are read or written at once; inFlight bounds
// the bytes of contents that they hold in memory together.
const (
	workers  = 8
	inFlight = 3 * pieceSize
)

// Store is what is needed of a bucket. An object that is not there is
// fs.ErrNotExist.
type Store interface {
	List(ctx context.Context, prefix string) iter.Seq2[objectstore.Object, error]
	Stat(ctx context.Context, key string) (objectstore.Object, error)
	Get(ctx context.Context, key string) (io.ReadCloser, objectstore.Object, error)
	Put(ctx context.Context, key string, content io.Reader, size int64) error
	Remove(ctx context.Context, key string) error
}

var _ Store = (*objectstore.Bucket)(nil)

// pieceName is the name of a piece: its digest, or what stands for it.
type pieceName backup.Digest

func parseName(text string) (pieceName, error) {
	digest, err := backup.ParseDigest(text)
	return pieceName(digest), err
}

func (n pieceName) String() string { return backup.Digest(n).String() }

func (n pieceName) key() string {
	text := n.String()
	return dataPrefix + text[:2] + "/" + text
}

// parsePiece is the name in an object's key; others may lie there too, and are
// left alone.
func parsePiece(key string) (n pieceName, ok bool) {
	n, err := parseName(key[strings.LastIndexByte(key, '/')+1:])
	return n, err == nil && n.key() == key
}

// readObject reads an object whole. One of more than most bytes is cut there.
func readObject(ctx context.Context, store Store, key string, most int64) ([]byte, error) {
	body, info, err := store.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	defer body.Close() //nolint:errcheck // only read from
	data := make([]byte, 0, min(max(info.Size, 0), most)+1)
	return appendAll(data, io.LimitReader(body, most))
}

func appendAll(data []byte, from io.Reader) ([]byte, error) {
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := from.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			return data, nil
		}
		if err != nil {
			return data, err
		}
	}
}

// needKey explains that a backup cannot be opened.
func needKey(s *Summary, err error) error {
	var none *keys.NoKeyError
	if !errors.As(err, &none) {
		return err
	}
	whose := "the keys it was encrypted to"
	if len(s.Recipients) > 0 {
		whose = strings.Join(s.Recipients, ", ")
	}
	return fault.Wrap(err, "the backup "+s.ID+" is encrypted",
		"name the file with the private key of "+whose+": --identity FILE, or identity_file in bunnyhop.yaml").WithCode(fault.Usage)
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
