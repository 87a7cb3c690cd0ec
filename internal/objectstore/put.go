package objectstore

import (
	"context"
	"crypto/md5" //nolint:gosec // what S3 uses
	"encoding/hex"
	"fmt"
	"io"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/encrypt"
)

const (
	// smallestPart is what is held in memory of an upload, in bytes.
	smallestPart = 8 << 20
	// mostParts an upload may have is 10,000 (S3); some are left for sizes
	// that turn out larger.
	mostParts = 9500
	// unknownPart is the part of an upload whose size nobody knows: room for
	// 320 GB.
	unknownPart = 32 << 20
)

// PutOptions say how an object is stored.
type PutOptions struct {
	Meta Meta
	// ACL is a canned one ("public-read"); empty is the bucket's own.
	ACL string
	// Encryption at rest is AES256 or aws:kms, the latter with an optional key
	// id; empty, or any other, is the bucket's own.
	Encryption, KMSKey string
}

// Put stores size bytes, or as many as come when size is -1, under key,
// replacing what is there. Each part is sent with a checksum that the server
// compares. What is stored is all of r or nothing.
func (b *Bucket) Put(ctx context.Context, key string, r io.Reader, size int64) error {
	return b.PutAs(ctx, key, r, size, PutOptions{})
}

// PutAs is Put with options.
func (b *Bucket) PutAs(ctx context.Context, key string, r io.Reader, size int64, o PutOptions) error {
	options := minio.PutObjectOptions{
		// MD5 is the checksum that every S3-compatible server compares;
		// CRC32C trailers and chunked signatures are not understood by all.
		SendContentMd5: true, DisableContentSha256: true, NumThreads: 1, PartSize: partSize(size),
		ContentType: o.Meta.ContentType, CacheControl: o.Meta.CacheControl, ContentEncoding: o.Meta.ContentEncoding,
		ContentDisposition: o.Meta.ContentDisposition, ContentLanguage: o.Meta.ContentLanguage,
		UserMetadata: map[string]string{},
	}
	for name, value := range o.Meta.User {
		options.UserMetadata["x-amz-meta-"+name] = value
	}
	if o.ACL != "" {
		options.UserMetadata["x-amz-acl"] = o.ACL
	}
	switch o.Encryption {
	case "AES256":
		options.ServerSideEncryption = encrypt.NewSSE()
	case "aws:kms":
		kms, err := encrypt.NewSSEKMS(o.KMSKey, nil)
		if err != nil {
			return err
		}
		options.ServerSideEncryption = kms
	}
	source := &counted{r: r}
	_, err := b.core.Client.PutObject(ctx, b.config.Bucket, b.prefix+key, source, size, options)
	switch {
	case err == nil && size >= 0 && source.n != size:
		// The library stores what it got.
		err = io.ErrUnexpectedEOF
	case source.err != nil:
		return source.err // the reader's own failure is not the server's
	}
	return b.explain(ctx, err, "storing the object "+key, "s3:PutObject")
}

func partSize(size int64) uint64 {
	if size < 0 {
		return unknownPart
	}
	part := int64(smallestPart)
	for size/part > mostParts {
		part *= 2
	}
	return uint64(part)
}

// ETag is what Put gives an object of these contents on servers whose ETags
// are MD5 digests: that of the whole, or of the digests of its parts.
func ETag(r io.Reader, size int64) (string, error) {
	part := int64(partSize(size)) //nolint:gosec // far from the limit
	if size <= part {
		sum := md5.New() //nolint:gosec // what S3 uses
		_, err := io.Copy(sum, r)
		return hex.EncodeToString(sum.Sum(nil)), err
	}
	all := md5.New() //nolint:gosec // what S3 uses
	parts := 0
	for left := size; left > 0; parts++ {
		sum := md5.New() //nolint:gosec // what S3 uses
		n, err := io.CopyN(sum, r, min(part, left))
		if err != nil {
			return "", err
		}
		_, _ = all.Write(sum.Sum(nil)) // never fails
		left -= n
	}
	return fmt.Sprintf("%x-%d", all.Sum(nil), parts), nil
}

// counted hides that a reader may seek: parts are read once, in order, into
// memory, from where a failed one is sent again.
type counted struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && err != io.EOF { //nolint:errorlint // io.EOF is never wrapped
		c.err = err
	}
	return n, err
}
