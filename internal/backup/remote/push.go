package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"bunnyhop/internal/backup"
	"bunnyhop/internal/backup/remote/keys"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// Options say how backups are put into a bucket.
type Options struct {
	// Recipients are who can read them; none stores them in plain.
	Recipients keys.Recipients
	// NameKey is a file of this machine with the key of the pieces' names, made
	// when it is missing. It is used only with Recipients.
	NameKey string
	// Host is this machine's name: two machines may have a project in the same
	// folder.
	Host string
	// Reread has pieces that are in the bucket already read again before they
	// are relied on, and stored anew where they are damaged.
	Reread bool
}

// Pushed is what an upload did.
type Pushed struct {
	Summary  *Summary
	Pieces   int   // that were stored
	Sent     int64 // bytes
	Known    int   // pieces that were there already
	Replaced int   // of those stored, ones that were damaged
}

// Push copies the finished backup in dir into the bucket. Nothing is uploaded
// that is there already, from earlier backups or from an upload that did not
// come to its end. Files are compared with the manifest on the way: damage is
// not copied.
func Push(ctx context.Context, dir string, store Store, o Options, report progress.Reporter) (*Pushed, error) {
	m, err := backup.Read(dir)
	if err != nil {
		return nil, err
	}
	p := &pusher{dir: dir, manifest: m, store: store, options: o, report: report, needs: index{}, pieces: pieceMap{}}
	if p.namer, err = newNamer(o.Recipients, o.NameKey); err != nil {
		return nil, err
	}
	held, err := leaseUpload(ctx, store, report)
	if err != nil {
		return nil, err
	}
	err = p.push(ctx, held)
	if err := errors.Join(err, held.release(ctx)); err != nil {
		return nil, err
	}
	return &p.Pushed, nil
}

type pusher struct {
	Pushed
	dir      string
	manifest *backup.Manifest
	store    Store
	options  Options
	namer    namer
	report   progress.Reporter
	there    index
	pieces   pieceMap

	group *errgroup.Group
	room  *semaphore.Weighted

	mu          sync.Mutex
	needs       index // a size of pending is being stored
	done, total int64
}

// pending stands for the size of a piece that is on its way.
const pending = -1

func (p *pusher) push(ctx context.Context, held *lease) error {
	var err error
	if p.there, err = stored(ctx, p.store); err != nil {
		return err
	}
	p.total = p.manifest.Bytes()
	if err := p.files(ctx); err != nil {
		return err
	}
	p.report.Progress("uploading", progress.Bytes, p.total, p.total)
	// What was there at the beginning has to be there now, and so has what was
	// stored meanwhile.
	now, err := stored(ctx, p.store)
	if err != nil {
		return err
	}
	bad, err := p.needs.lacks(ctx, p.store, now)
	if err != nil {
		return err
	}
	if len(bad) > 0 {
		return fault.Wrap(&backup.DamageError{Dir: p.manifest.ID, Bad: bad}, "the bucket does not hold what was stored in it",
			"see whether something else removes objects from it, such as a lifecycle rule; then upload again")
	}
	if err := held.held(); err != nil {
		return err
	}
	return p.finish(ctx, held)
}

// files uploads the contents of all files.
func (p *pusher) files(ctx context.Context) error {
	root, err := os.OpenRoot(p.dir)
	if err != nil {
		return fmt.Errorf("opening the backup: %w", err)
	}
	defer root.Close() //nolint:errcheck // only read from
	p.room = semaphore.NewWeighted(inFlight)
	p.group, ctx = errgroup.WithContext(ctx)
	p.group.SetLimit(workers)
	var bad []backup.BadFile
	err = func() error {
		for _, part := range p.manifest.Parts {
			for i := range part.Entries {
				e := &part.Entries[i]
				if e.Type != backup.TypeFile {
					continue
				}
				if err := ctx.Err(); err != nil {
					return context.Cause(ctx)
				}
				problem, err := p.file(ctx, root, e)
				if err != nil {
					return err
				}
				if problem != "" {
					bad = append(bad, backup.BadFile{Path: e.Path, Problem: problem})
				}
			}
		}
		return nil
	}()
	if waited := p.group.Wait(); waited != nil { // the cause of what else failed
		return waited
	}
	if err != nil {
		return err
	}
	if len(bad) > 0 {
		return fault.Wrap(&backup.DamageError{Dir: p.dir, Bad: bad}, "the backup "+p.dir+" is damaged, and was not copied to the bucket",
			"make a new backup now; look at the disk (smartctl, dmesg)")
	}
	return nil
}

// file uploads one file, and returns what is wrong with it.
func (p *pusher) file(ctx context.Context, root *os.Root, e *backup.Entry) (problem string, err error) {
	_, known := p.pieces[e.SHA256]
	if known || e.Size == 0 {
		p.count(e.Size)
		return "", nil
	}
	if e.Size <= pieceSize {
		// Its only piece is known by the manifest, so the file need not be read
		// if that is in the bucket.
		piece := filePiece{name: p.namer.name(e.SHA256), digest: e.SHA256}
		if ok, err := p.has(ctx, piece.name); err != nil {
			return "", err
		} else if ok {
			p.pieces[e.SHA256] = []filePiece{piece}
			p.count(e.Size)
			return "", nil
		}
	}
	from, err := root.Open(e.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return "is missing", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the backup: %w", err)
	}
	defer from.Close() //nolint:errcheck // only read from
	sum := sha256.New()
	var pieces []filePiece
	for left := e.Size; left > 0; {
		size := min(left, pieceSize)
		if err := p.room.Acquire(ctx, size); err != nil {
			return "", context.Cause(ctx)
		}
		content := borrow(size)
		if _, err := io.ReadFull(from, content); err != nil {
			p.back(content)
			if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
				return fmt.Sprintf("has fewer bytes than %d", e.Size), nil
			}
			return "", fmt.Errorf("reading the backup: %w", err)
		}
		left -= size
		sum.Write(content)
		digest := backup.Digest(sha256.Sum256(content))
		if e.Size <= pieceSize && digest != e.SHA256 {
			p.back(content)
			return "has other contents", nil
		}
		piece := filePiece{name: p.namer.name(digest), digest: digest}
		pieces = append(pieces, piece)
		if err := p.piece(ctx, piece.name, content); err != nil {
			return "", err
		}
	}
	if backup.Digest(sum.Sum(nil)) != e.SHA256 {
		return "has other contents", nil
	}
	p.pieces[e.SHA256] = pieces
	return "", nil
}

// buffers are whole pieces; small files have slices of their own.
var buffers = sync.Pool{New: func() any { return new([pieceSize]byte) }}

func borrow(size int64) []byte {
	if size < pieceSize {
		return make([]byte, size)
	}
	return buffers.Get().(*[pieceSize]byte)[:] //nolint:errcheck // nothing else is put there
}

// back gives a content and its room back.
func (p *pusher) back(content []byte) {
	p.room.Release(int64(len(content)))
	if len(content) == pieceSize {
		buffers.Put((*[pieceSize]byte)(content))
	}
}

// piece stores a piece, unless it is there, and gives the content back.
func (p *pusher) piece(ctx context.Context, name pieceName, content []byte) error {
	size := int64(len(content))
	ok, err := p.has(ctx, name)
	if err != nil || ok {
		p.back(content)
		p.count(size)
		return err
	}
	p.mu.Lock()
	p.needs[name] = pending
	p.mu.Unlock()
	p.group.Go(func() error {
		defer p.back(content)
		object, err := sealer{p.options.Recipients}.seal(name.key(), content)
		if err != nil {
			return err
		}
		if err := p.store.Put(ctx, name.key(), bytes.NewReader(object), int64(len(object))); err != nil {
			return fmt.Errorf("uploading %s: %w", name.key(), err)
		}
		p.mu.Lock()
		p.needs[name] = int64(len(object))
		p.Pieces++
		p.Sent += int64(len(object))
		p.mu.Unlock()
		p.count(size)
		return nil
	})
	return nil
}

// has reports whether a piece is in the bucket or on its way there, and notes
// that it is needed.
func (p *pusher) has(ctx context.Context, name pieceName) (bool, error) {
	p.mu.Lock()
	_, noted := p.needs[name]
	p.mu.Unlock()
	if noted {
		return true, nil
	}
	size, ok := p.there[name]
	if !ok || size < int64(sealLeast) {
		return false, nil
	}
	if p.options.Reread {
		object, err := readObject(ctx, p.store, name.key(), pieceMost)
		if err != nil && !missing(err) {
			return false, fmt.Errorf("reading %s from the bucket: %w", name.key(), err)
		}
		if err != nil || intact(name.key(), object) != nil {
			p.Replaced++
			return false, nil
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.needs[name] = size
	p.Known++
	return true, nil
}

func (p *pusher) count(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	p.report.Progress("uploading", progress.Bytes, p.done, max(p.total, p.done))
}

// finish writes manifest, index and, last, the summary.
func (p *pusher) finish(ctx context.Context, held *lease) error {
	manifest, err := os.ReadFile(filepath.Join(p.dir, manifestName))
	if err != nil {
		return fmt.Errorf("reading the manifest: %w", err)
	}
	s := summarise(p.manifest)
	s.Uploaded, s.Host = time.Now().UTC(), p.options.Host
	s.Encrypted, s.Recipients = !p.options.Recipients.None(), p.options.Recipients.Names
	s.Pieces = len(p.needs)
	for _, size := range p.needs {
		s.StoredBytes += size
	}
	// A name of its own each time: an earlier summary of the same backup stays
	// right until the new one is there.
	stem := manifestPrefix + s.ID + "/" + strings.ToLower(rand.Text())
	c := contents{manifest: manifest, pieces: p.pieces}
	data, err := c.encode()
	if err != nil {
		return err
	}
	if s.Manifest, err = p.put(ctx, stem+manifestSuffix, data, p.options.Recipients); err != nil {
		return err
	}
	if s.Index, err = p.put(ctx, stem+indexSuffix, p.needs.encode(), keys.Recipients{}); err != nil {
		return err
	}
	if err := held.held(); err != nil {
		return err
	}
	if err := putSummary(ctx, p.store, s); err != nil {
		return err
	}
	// Read again what makes it count.
	if p.Summary, err = Read(ctx, p.store, s.ID); err != nil {
		return err
	}
	if p.Summary.Digest != s.Digest {
		return fault.Newf("another upload of the backup %s came in between", s.ID).WithHint("look at it: `bunnyhop backup verify %s`", s.ID)
	}
	own := []string{s.Manifest.Key, s.Index.Key}
	return removeManifests(ctx, p.store, s.ID, func(key string) bool { return slices.Contains(own, key) })
}

func putSummary(ctx context.Context, store Store, s *Summary) error {
	key, err := summaryKey(s.ID)
	if err != nil {
		return err
	}
	data, err := s.encode()
	if err != nil {
		return err
	}
	if err := store.Put(ctx, key, bytes.NewReader(data), int64(len(data))); err != nil {
		return fmt.Errorf("uploading %s: %w", key, err)
	}
	return nil
}

func (p *pusher) put(ctx context.Context, key string, data []byte, recipients keys.Recipients) (Sealed, error) {
	object, err := sealer{recipients}.seal(key, data)
	if err != nil {
		return Sealed{}, err
	}
	if err := p.store.Put(ctx, key, bytes.NewReader(object), int64(len(object))); err != nil {
		return Sealed{}, fmt.Errorf("uploading %s: %w", key, err)
	}
	return Sealed{Key: key, Size: int64(len(object))}, nil
}

// manifestName is the name of the manifest in a backup's folder.
const manifestName = "manifest.json"

// Has reports whether the bucket holds the backup in dir as it is now, by a
// look at its objects' names and sizes.
func Has(ctx context.Context, dir string, store Store) (*Summary, bool, error) {
	m, err := backup.Read(dir)
	if err != nil {
		return nil, false, err
	}
	s, err := Look(ctx, store, m.ID)
	var damage *backup.DamageError
	if missing(err) || errors.As(err, &damage) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return s, s.ManifestDigest == m.Digest, nil
}
