package registry

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// Tarball fetches one exact version of a package and unpacks it as destDir,
// without the leading "package/". The digest is checked while the bytes
// arrive; destDir appears only when everything was right. When destDir exists
// already the error is fs.ErrExist. Other errors hold a *DownError,
// *NotFoundError, *DeniedError, *NoVersionError or *IntegrityError.
func (c *Client) Tarball(ctx context.Context, name, version, destDir string, report progress.Reporter) error {
	return c.tarball(ctx, name, version, destDir, true, report)
}

// TarballUnflushed is Tarball for a caller that adds to the folder and then
// flushes all of it to disk at once: a flush waits for everything that any
// process wrote to the filesystem.
func (c *Client) TarballUnflushed(ctx context.Context, name, version, destDir string, report progress.Reporter) error {
	return c.tarball(ctx, name, version, destDir, false, report)
}

func (c *Client) tarball(ctx context.Context, name, version, destDir string, flush bool, report progress.Reporter) error {
	if _, err := os.Lstat(destDir); err == nil {
		return fmt.Errorf("unpacking %s %s: %s: %w", name, version, destDir, fs.ErrExist)
	}
	document, err := c.Package(ctx, name)
	if err != nil {
		return err
	}
	found, ok := document.Versions[version]
	if !ok {
		return forPerson(&NoVersionError{Package: name, Wanted: version, Newest: document.Newest()})
	}
	if err := os.MkdirAll(filepath.Dir(destDir), 0o700); err != nil {
		return fmt.Errorf("making the folder for %s %s: %w", name, version, err)
	}
	registry := c.cfg.registryOf(name)
	err = c.try(ctx, registry, func() error {
		return c.fetchTarball(ctx, registry, name, found, destDir, flush, report)
	})
	if err != nil && !isCancel(err) {
		return fmt.Errorf("fetching %s %s: %w", name, version, err)
	}
	return err
}

func (c *Client) fetchTarball(ctx context.Context, registry, name string, version Version, destDir string, flush bool, report progress.Reporter) error {
	check, err := newDigest(name, version)
	if err != nil {
		return forPerson(err)
	}
	address, err := tarballAddress(registry, version.Dist.Tarball)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(c.stall, func() { cancel(errStalled) })
	defer stalled.Stop()

	response, err := c.get(ctx, address, name, registry, nil)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()

	removeAbandoned(filepath.Dir(destDir))
	temp, err := os.MkdirTemp(filepath.Dir(destDir), fmt.Sprintf(".%s.partial-%d-", filepath.Base(destDir), os.Getpid()))
	if err != nil {
		return fmt.Errorf("making a folder to unpack %s in: %w", name, err)
	}
	defer func() { _ = os.RemoveAll(temp) }() // gone already when renamed

	body := &countingReader{
		from: response.Body, hash: check.hash, total: max(response.ContentLength, 0),
		label: name + " " + version.Version, report: report,
		alive: func() { stalled.Reset(c.stall) },
	}
	unpackErr := unpack(body, temp)
	if unpackErr == nil || body.err == nil {
		// What follows the archive's end belongs to the digest, and of a
		// wrong tarball the digest is the better news than a broken archive.
		_, _ = io.Copy(io.Discard, body)
	}
	switch {
	case body.err != nil:
		if cause := context.Cause(ctx); cause != nil && !isCancel(cause) {
			return &passing{err: cause}
		}
		return &passing{err: fmt.Errorf("reading the tarball: %w", body.err)}
	case errors.Is(unpackErr, syscall.ENOSPC):
		return fault.Wrap(unpackErr, "the disk is full", "make room on the filesystem of "+filepath.Dir(destDir)+" and try again")
	case isLocal(unpackErr):
		return fmt.Errorf("unpacking %s: %w", name, unpackErr)
	}
	if err := check.verify(); err != nil {
		return forPerson(err)
	}
	if unpackErr != nil {
		return fault.Wrap(unpackErr, "the tarball of "+name+" "+version.Version+" cannot be unpacked", "choose another version, and tell the package's authors")
	}
	return settle(temp, destDir, flush)
}

var errStalled = errors.New("the download stopped for too long")

// settle flushes temp to disk if asked to and gives it its name. Another process may have
// been faster with the same content: then that one stays.
func settle(temp, destDir string, flush bool) error {
	if err := os.Chmod(temp, 0o755); err != nil { //nolint:gosec // programs of other users' services may run from here
		return fmt.Errorf("setting the mode of %s: %w", temp, err)
	}
	if flush {
		if err := syncfs(temp); err != nil {
			return err
		}
	}
	err := os.Rename(temp, destDir)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTEMPTY) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("finishing %s: %w", destDir, err)
	}
	return nil
}

// tarballAddress resolves where a tarball is. Documents of mirrors often name
// the public registry; npm then asks the configured one instead
// (replace-registry-host), and so does this.
func tarballAddress(registry, address string) (string, error) {
	base, err := url.Parse(registry)
	if err != nil {
		return "", fmt.Errorf("reading the registry's address: %w", err)
	}
	tarball, err := base.Parse(address)
	if err != nil || address == "" {
		return "", fault.Newf("the npm registry gives no usable address for a tarball: %q", address)
	}
	if tarball.Host == "registry.npmjs.org" && base.Host != tarball.Host {
		tarball.Scheme, tarball.Host, tarball.User = base.Scheme, base.Host, base.User
		tarball.Path = strings.TrimSuffix(base.Path, "/") + tarball.Path
		tarball.RawPath = ""
	}
	return tarball.String(), nil
}

// countingReader hashes, counts and reports what is read from the network,
// and keeps the network's own error apart from the archive's.
type countingReader struct {
	from        io.Reader
	hash        hash.Hash
	done, total int64
	told        int64
	label       string
	report      progress.Reporter
	alive       func()
	err         error
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if n > 0 {
		r.alive()
		_, _ = r.hash.Write(p[:n])
		r.done += int64(n)
		if r.done-r.told >= 256<<10 || r.done == r.total {
			r.told = r.done
			r.report.Progress(r.label, progress.Bytes, r.done, r.total)
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// isLocal reports a fault of this machine's disk.
func isLocal(err error) bool {
	var path *fs.PathError
	return errors.As(err, &path) && !errors.Is(err, errEscapes)
}
