package objectstore

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/minio/minio-go/v7"

	"bunnyhop/internal/fault"
)

// explain turns a failure into one for a person: what was done, why it
// failed, what to do. action is the right that doing needs.
func (b *Bucket) explain(ctx context.Context, err error, doing, action string) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	place := b.config.String()
	what := doing + " in " + place
	var s3 minio.ErrorResponse
	if errors.As(err, &s3) {
		return b.answered(s3, what, action)
	}
	err = b.scrubbed(err)
	var dns *net.DNSError
	var verify x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &dns):
		return fault.Wrap(err, what, "the host of the bucket is not known here: check the endpoint and the region, and whether this machine has a network. "+b.styleHint())
	case errors.Is(err, syscall.ECONNREFUSED):
		return fault.Wrap(err, what, "nothing answers at that address: check the endpoint and its port, and whether the storage server runs")
	case errors.As(err, &verify):
		return fault.Wrap(err, what, "the server's certificate is signed by somebody this machine does not trust: name the CA's file, or add it to the system's")
	case errors.As(err, &hostname), errors.As(err, &invalid):
		return fault.Wrap(err, what, "the server's certificate does not fit: check the endpoint and the machine's clock. "+b.styleHint())
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return fault.Wrap(err, what, "the server does not speak TLS: begin the endpoint with http://")
	case isTimeout(err):
		return fault.Wrap(err, what, "the server did not answer in time: check the network and the storage server, and try again")
	}
	return fault.Wrap(err, what, "check the network and the storage server, and try again")
}

func (b *Bucket) styleHint() string {
	if b.config.PathStyle || b.config.Endpoint == "" {
		return ""
	}
	return "If the server does not put the bucket's name into the host name, switch path style on (STORAGE_<LOCATION>_FORCE_PATH_STYLE, or path_style of backup_bucket)"
}

// answered explains what the server said.
func (b *Bucket) answered(s3 minio.ErrorResponse, what, action string) error {
	said := fmt.Errorf("%s", b.scrub(strings.TrimSpace(s3.Code+" "+s3.Message)))
	wrap := func(hint string) error { return fault.Wrap(said, what, hint) }
	switch s3.Code {
	case minio.NoSuchKey, "NotFound":
		return fault.Wrap(fs.ErrNotExist, what, "")
	case minio.NoSuchBucket:
		return wrap("there is no bucket of that name: check its name, the endpoint and the region")
	case "InvalidAccessKeyId", "InvalidTokenId", "InvalidClientTokenId":
		return wrap("the server does not know the access key: check it, and whether it was revoked")
	case "SignatureDoesNotMatch":
		return wrap("the secret key does not fit the access key: check both, without blanks or line ends around them")
	case "ExpiredToken":
		return wrap("the credentials have expired: get new ones")
	case "RequestTimeTooSkewed", "RequestExpired":
		return wrap("the clock of this machine and that of the server are too far apart: set the clock (timedatectl)")
	case "AuthorizationHeaderMalformed", minio.InvalidRegion, "PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraintException":
		hint := "the bucket is in another region: check the region and the endpoint"
		if s3.Region != "" && s3.Region != b.config.Region {
			hint = "the bucket is in the region " + s3.Region + ": set that one"
		}
		return wrap(hint)
	case "InvalidObjectState":
		return wrap("the object is archived and cannot be read: bring it back from the archive first")
	case "QuotaExceeded", "XMinioStorageFull", "EntityTooLarge", "InsufficientStorage":
		return wrap("the storage has no room for it: make room or raise the quota")
	case "SlowDown", "ServiceUnavailable", "InternalError", "Throttling", "ThrottlingException", "RequestLimitExceeded":
		return wrap("the storage server is overloaded or in trouble: try again later")
	}
	if s3.Code == minio.AccessDenied || s3.StatusCode == http.StatusForbidden {
		return wrap(fmt.Sprintf("the credentials lack %s on the bucket %s: add it to the key's policy", action, b.config.Bucket))
	}
	return wrap("look at the storage server's log, and check endpoint, region and credentials")
}

// scrubbed is the error without secrets; the kinds of the first stay known.
func (b *Bucket) scrubbed(err error) error {
	text := err.Error()
	if clean := b.scrub(text); clean != text {
		return errors.New(clean)
	}
	return err
}

func (b *Bucket) scrub(text string) string {
	if len(b.config.SecretKey) >= 4 {
		text = strings.ReplaceAll(text, b.config.SecretKey, "***")
	}
	return text
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}
