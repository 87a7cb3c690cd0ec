package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/minio/minio-go/v7"
)

// ErrChanged says that an object was replaced while it was read.
var ErrChanged = errors.New("the object changed while it was read")

// reopenings is how often reading an object is taken up again in a row when
// the connection breaks and not a byte more arrives.
const reopenings = 3

// Get reads an object. A broken connection is taken up again where it broke;
// reading fails with ErrChanged when the object is no longer the same, and
// with io.ErrUnexpectedEOF rather than ending early. Get's error is
// fs.ErrNotExist when there is no such object.
func (b *Bucket) Get(ctx context.Context, key string) (io.ReadCloser, Object, error) {
	body, info, _, err := b.core.GetObject(ctx, b.config.Bucket, b.prefix+key, minio.GetObjectOptions{})
	if err != nil {
		return nil, Object{}, b.explain(ctx, err, "reading the object "+key, "s3:GetObject")
	}
	info.Key = b.prefix + key
	o := b.object(info)
	return &reader{ctx: ctx, b: b, object: o, body: body}, o, nil
}

// reader is the body of an object, over as many connections as it takes.
type reader struct {
	ctx    context.Context //nolint:containedctx // an io.Reader has no other way to have one
	b      *Bucket
	object Object
	body   io.ReadCloser
	off    int64
	broken int   // breaks in a row without a byte between them
	err    error // the end
}

func (r *reader) Read(p []byte) (int, error) {
	for r.err == nil {
		if r.off == r.object.Size {
			return 0, io.EOF
		}
		n, err := r.body.Read(p)
		r.off += int64(n)
		if r.off > r.object.Size {
			r.err = ErrChanged
			return 0, r.err
		}
		if n > 0 {
			r.broken = 0
			return n, nil // an error comes again, or is mended
		}
		if err != nil {
			r.err = r.reopen(err)
		}
	}
	return 0, r.err
}

func (r *reader) reopen(cause error) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if errors.Is(cause, io.EOF) {
		cause = io.ErrUnexpectedEOF
	}
	if r.broken++; r.broken > reopenings {
		return r.explain(cause)
	}
	_ = r.body.Close()
	var options minio.GetObjectOptions
	if r.object.ETag != "" {
		if err := options.SetMatchETag(r.object.ETag); err != nil {
			return err
		}
	}
	if r.off > 0 {
		if err := options.SetRange(r.off, 0); err != nil {
			return err
		}
	}
	body, info, header, err := r.b.core.GetObject(r.ctx, r.b.config.Bucket, r.b.prefix+r.object.Key, options)
	if err != nil {
		if minio.ToErrorResponse(err).Code == minio.PreconditionFailed {
			return fmt.Errorf("reading the object %s: %w", r.object.Key, ErrChanged)
		}
		return r.explain(err)
	}
	r.body = body
	// A server may ignore either header.
	if r.object.ETag != "" && r.b.object(info).ETag != r.object.ETag {
		return fmt.Errorf("reading the object %s: %w", r.object.Key, ErrChanged)
	}
	if r.off > 0 && header.Get("Content-Range") == "" {
		if _, err := io.CopyN(io.Discard, body, r.off); err != nil {
			return r.explain(err)
		}
	}
	return nil
}

func (r *reader) explain(err error) error {
	return r.b.explain(r.ctx, err, "reading the object "+r.object.Key, "s3:GetObject")
}

// Close ends the reading.
func (r *reader) Close() error {
	if r.err == nil {
		r.err = errors.New("the object is closed")
	}
	return r.body.Close()
}
