package project

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"bunnyhop/internal/objectstore"
)

// StorageLocation is one place where Directus keeps uploaded files.
type StorageLocation struct {
	Name   string `json:"name"`   // as in directus_files.storage
	Driver string `json:"driver"` // local, s3, gcs, azure, cloudinary, supabase
	// Root is the folder of a local location, absolute; for other drivers the
	// prefix inside the bucket.
	Root string `json:"root,omitempty"`
	// External says that the files lie elsewhere and no backup here holds them.
	External bool `json:"external,omitempty"`
	// Reason says why a location is External.
	Reason string `json:"reason,omitempty"`
	// S3 is the bucket of a location that is not External and whose driver is
	// s3; nil for others. It holds secrets.
	S3 *S3Location `json:"-"`
}

// S3Location is a storage location in an S3-compatible bucket.
type S3Location struct {
	objectstore.Config
	// Put says how Directus stores objects there.
	Put objectstore.PutOptions
}

// Storage returns the storage locations in their order; the first takes new
// files.
func (c *Config) Storage() []StorageLocation {
	var all []StorageLocation
	for _, name := range listText(c.Get("STORAGE_LOCATIONS")) {
		prefix := "STORAGE_" + strings.ToUpper(name) + "_"
		l := StorageLocation{Name: name, Driver: c.Get(prefix + "DRIVER"), Root: c.Get(prefix + "ROOT")}
		switch l.Driver {
		case "local":
			if l.Root != "" {
				l.Root = absIn(c.root, l.Root)
			}
		case "s3":
			l.S3, l.Reason = c.s3(prefix, l.Root)
		case "":
			l.Reason = prefix + "DRIVER is not set"
		default:
			l.Reason = "files of the driver " + l.Driver + " cannot be copied"
		}
		l.External = l.Reason != ""
		all = append(all, l)
	}
	return all
}

// s3 reads a location as the driver does (@directus/storage-driver-s3 12.0),
// or says why it cannot be used from here.
func (c *Config) s3(prefix, root string) (*S3Location, string) {
	bucket, key, secret := c.Get(prefix+"BUCKET"), c.Get(prefix+"KEY"), c.Get(prefix+"SECRET")
	switch {
	case bucket == "":
		return nil, prefix + "BUCKET is not set"
	case key == "" && secret == "":
		return nil, fmt.Sprintf("%[1]sKEY and %[1]sSECRET are not set, and the credentials that the server gets from its machine are not known here", prefix)
	case key == "" || secret == "":
		return nil, fmt.Sprintf("only one of %[1]sKEY and %[1]sSECRET is set", prefix)
	}
	return &S3Location{
		Config: objectstore.Config{
			Endpoint: strings.TrimRight(c.Get(prefix+"ENDPOINT"), "/"), Region: c.Get(prefix + "REGION"), Bucket: bucket,
			Prefix: s3Prefix(root), AccessKey: key, SecretKey: secret, PathStyle: switchedOn(c.Get(prefix + "FORCE_PATH_STYLE")),
			// What Node trusts besides its own list.
			CAFile: c.nodeCA(),
		},
		Put: objectstore.PutOptions{
			ACL: c.Get(prefix + "ACL"), Encryption: c.Get(prefix + "SERVER_SIDE_ENCRYPTION"), KMSKey: c.Get(prefix + "SERVER_SIDE_ENCRYPTION_KMS_KEY_ID"),
		},
	}, ""
}

// nodeCA is the file that NODE_EXTRA_CA_CERTS names. Node reads it from the
// process environment only, not from Directus' configuration.
func (c *Config) nodeCA() string {
	if file := c.Get("NODE_EXTRA_CA_CERTS"); file != "" && c.Source("NODE_EXTRA_CA_CERTS") == FromEnvironment {
		return absIn(c.root, file)
	}
	return ""
}

var slashes = regexp.MustCompile(`[/\\]+`)

// s3Prefix is what stands before the names of files in keys: fullPath() of
// the driver joins the root, normalised, with the name.
func s3Prefix(root string) string {
	if len(root) > 1 {
		root = strings.TrimPrefix(strings.TrimSuffix(slashes.ReplaceAllString(root, "/"), "/"), "/")
	}
	switch root {
	case "", ".":
		return ""
	case "/", `\`:
		return "/"
	}
	if root = path.Clean(root); root == "." {
		return ""
	}
	return root
}

// switchedOn is how JavaScript takes a value after Directus cast it.
func switchedOn(text string) bool {
	switch text {
	case "", "false", "0", "null", "undefined", "NaN":
		return false
	}
	return true
}

// StoredName is the path of a file below its location's root, for the name in
// directus_files.filename_disk: both drivers join it to the root.
func StoredName(disk string) string {
	return strings.TrimPrefix(path.Clean("/"+slashes.ReplaceAllString(disk, "/")), "/")
}
