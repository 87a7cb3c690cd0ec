package objectstore

import (
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"bunnyhop/internal/fault"
)

// Object is what a bucket knows of an object.
type Object struct {
	Key      string // without the Prefix of the Config
	Size     int64  // bytes
	ETag     string // without quotes; the MD5 of the contents only for plain uploads
	Modified time.Time
	// Meta is what was stored with the object. Listings do not tell it.
	Meta Meta
}

// Meta is what goes along with an object's contents.
type Meta struct {
	ContentType        string            `json:"content_type,omitempty"`
	CacheControl       string            `json:"cache_control,omitempty"`
	ContentEncoding    string            `json:"content_encoding,omitempty"`
	ContentDisposition string            `json:"content_disposition,omitempty"`
	ContentLanguage    string            `json:"content_language,omitempty"`
	User               map[string]string `json:"user,omitempty"` // x-amz-meta-*
}

func (b *Bucket) object(info minio.ObjectInfo) Object {
	o := Object{
		Key: strings.TrimPrefix(info.Key, b.prefix), Size: info.Size, ETag: strings.Trim(info.ETag, `"`), Modified: info.LastModified.UTC(),
		Meta: Meta{
			ContentType: info.ContentType, CacheControl: info.Metadata.Get("Cache-Control"),
			ContentEncoding:    encoding(info.Metadata.Get("Content-Encoding")),
			ContentDisposition: info.Metadata.Get("Content-Disposition"), ContentLanguage: info.Metadata.Get("Content-Language"),
		},
	}
	if len(info.UserMetadata) > 0 {
		o.Meta.User = maps.Clone(info.UserMetadata)
	}
	return o
}

// encoding leaves out how an object was sent once, which some servers keep as
// if it were a property of what they store.
func encoding(value string) string {
	var kept []string
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" && part != "aws-chunked" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, ",")
}

// List returns every object whose key begins with prefix, in the order of
// their keys. A listing that ends early ends in an error, a cancelled context
// included: what it gave is never mistaken for all.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		noOwner := false
		options := minio.ListObjectsOptions{Prefix: b.prefix + prefix, Recursive: true, FetchOwner: &noOwner}
		for info := range b.core.ListObjectsIter(ctx, b.config.Bucket, options) {
			if info.Err != nil {
				yield(Object{}, b.explain(ctx, info.Err, "listing", "s3:ListBucket"))
				return
			}
			if !yield(b.object(info), nil) {
				return
			}
		}
		// The library ends quietly when the context does.
		if err := ctx.Err(); err != nil {
			yield(Object{}, err)
		}
	}
}

// Stat tells of one object. The error is fs.ErrNotExist when it is missing.
func (b *Bucket) Stat(ctx context.Context, key string) (Object, error) {
	info, err := b.core.StatObject(ctx, b.config.Bucket, b.prefix+key, minio.StatObjectOptions{})
	if err != nil {
		return Object{}, b.explain(ctx, err, "looking at the object "+key, "s3:GetObject")
	}
	info.Key = b.prefix + key
	return b.object(info), nil
}

// Remove deletes an object. One that is not there is none to delete.
func (b *Bucket) Remove(ctx context.Context, key string) error {
	err := b.core.RemoveObject(ctx, b.config.Bucket, b.prefix+key, minio.RemoveObjectOptions{})
	if err != nil && minio.ToErrorResponse(err).Code != minio.NoSuchKey {
		return b.explain(ctx, err, "removing the object "+key, "s3:DeleteObject")
	}
	return nil
}

// ValidKey says why no object can be read or stored under a key, which a
// listing may tell all the same: nil when one can.
func (b *Bucket) ValidKey(key string) error {
	if key == "" {
		return errors.New("the key is empty")
	}
	return s3utils.CheckValidObjectName(b.prefix + key)
}

// Check proves that the bucket can be reached and read: it lists one object
// below the prefix and reads its first byte.
func (b *Bucket) Check(ctx context.Context) error {
	if b.config.AccessKey == "" {
		value, err := b.core.GetCreds()
		if err != nil || value.AccessKeyID == "" {
			return fault.Wrap(err, "there are no credentials for "+b.config.String(),
				"set an access key and a secret key; this machine has none of its own either (environment, ~/.aws, instance role)")
		}
	}
	for o, err := range b.List(ctx, "") {
		if err != nil {
			return err
		}
		if o.Size == 0 {
			continue
		}
		body, _, err := b.Get(ctx, o.Key)
		if err != nil {
			return err
		}
		_, err = io.ReadFull(body, make([]byte, 1))
		return errors.Join(err, body.Close())
	}
	return nil
}
