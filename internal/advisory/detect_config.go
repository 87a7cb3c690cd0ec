package advisory

import (
	"context"
	"slices"
	"strings"
)

// oldRedis are the settings that 10.4 replaced by REDIS and REDIS_*.
var oldRedis = func() []string {
	var keys []string
	for _, area := range []string{"CACHE", "RATE_LIMITER", "RATE_LIMITER_GLOBAL", "SYNCHRONIZATION", "MESSENGER"} {
		for _, part := range []string{"", "_HOST", "_PORT", "_USERNAME", "_PASSWORD", "_DB"} {
			keys = append(keys, area+"_REDIS"+part)
		}
	}
	return keys
}()

func setKeys(in Input, keys []string) []string {
	var set []string
	for _, key := range keys {
		if in.isSet(key) {
			set = append(set, key)
		}
	}
	return set
}

func detectOldRedis(_ context.Context, in Input) ([]string, bool, error) {
	if in.isSet("REDIS") || in.isSet("REDIS_HOST") {
		return nil, false, nil
	}
	set := setKeys(in, oldRedis)
	if len(set) == 0 {
		return nil, false, nil
	}
	evidence := []string{"set are " + strings.Join(set, ", ")}
	if len(redisServers(in)) > 1 {
		evidence = append(evidence, "they lead to different servers; from 10.4 on there is one for all")
	}
	return evidence, true, nil
}

// redisServers lists the different servers that the old settings name. The
// texts may hold passwords.
func redisServers(in Input) []string {
	var servers []string
	for _, area := range []string{"CACHE", "RATE_LIMITER", "RATE_LIMITER_GLOBAL", "SYNCHRONIZATION", "MESSENGER"} {
		if url := in.value(area + "_REDIS"); url != "" {
			servers = append(servers, url)
		}
		if host := in.value(area + "_REDIS_HOST"); host != "" {
			servers = append(servers, host+":"+in.value(area+"_REDIS_PORT"))
		}
	}
	slices.Sort(servers)
	return slices.Compact(servers)
}

func detectMemcached(_ context.Context, in Input) ([]string, bool, error) {
	var evidence []string
	for _, key := range []string{"CACHE_STORE", "RATE_LIMITER_STORE"} {
		if strings.HasPrefix(in.value(key), "memcache") {
			evidence = append(evidence, key+"="+in.value(key))
		}
	}
	return evidence, len(evidence) > 0, nil
}

func detectSendGrid(_ context.Context, in Input) ([]string, bool, error) {
	if strings.EqualFold(in.value("EMAIL_TRANSPORT"), "sendgrid") {
		return []string{"EMAIL_TRANSPORT=sendgrid"}, true, nil
	}
	return nil, false, nil
}
