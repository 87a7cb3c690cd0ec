package main

import (
	"crypto/sha256"
	"fmt"
)

// id derives the id of a thing from its name, so that it is the same in each
// run. It has the form of a UUID version 8 (RFC 9562, free use).
func id(name string) string {
	sum := sha256.Sum256([]byte("newsroom/" + name))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
