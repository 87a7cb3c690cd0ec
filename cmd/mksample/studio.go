package main

import (
	"context"
	"fmt"
)

// makeFlows makes a flow that runs on an event and only logs, one that a
// person starts, and one with a timetable that is switched off. None of them
// calls out to a network.
func makeFlows(ctx context.Context, c *client) error {
	flows := []struct {
		flow object
		ops  []object // in the order in which they run
	}{
		{
			object{
				"name": "Log what was published", "icon": "campaign", "color": "#2F6F8F", "status": "active", "trigger": "event", "accountability": "all",
				"options": object{"type": "action", "scope": []string{"items.update"}, "collections": []string{"articles"}},
			},
			[]object{
				{"key": "is_published", "name": "Published?", "type": "condition", "options": object{"filter": object{"$trigger": object{"payload": object{"status": object{"_eq": "published"}}}}}},
				{"key": "say", "name": "Say it", "type": "log", "options": object{"message": "Published: {{$trigger.keys}} 🎉"}},
			},
		},
		{
			object{
				"name": "Approve letters", "icon": "done_all", "status": "active", "trigger": "manual", "accountability": "activity",
				"options": object{"collections": []string{"letters"}, "location": "both", "requireConfirmation": true, "confirmationDescription": "Approve these letters?"},
			},
			[]object{
				{"key": "approve", "name": "Approve", "type": "item-update", "options": object{"collection": "letters", "permissions": "$trigger", "key": "{{$trigger.body.keys}}", "payload": object{"approved": true}}},
				{"key": "note", "name": "Note", "type": "log", "options": object{"message": "Approved by {{$accountability.user}}"}},
			},
		},
		{
			object{"name": "Weekly figures", "icon": "schedule", "status": "inactive", "trigger": "schedule", "options": object{"cron": "0 6 * * 1"}},
			[]object{
				{"key": "count", "name": "Count", "type": "item-read", "options": object{"collection": "articles", "permissions": "$full", "query": object{"aggregate": object{"count": "*"}}}},
				{"key": "shape", "name": "Shape", "type": "exec", "options": object{"code": "module.exports = async function (data) {\n\treturn { articles: data.count };\n};"}},
				{"key": "tell", "name": "Tell", "type": "log", "options": object{"message": "{{shape.articles}}"}},
			},
		},
	}
	for _, f := range flows {
		if err := makeFlow(ctx, c, f.flow, f.ops); err != nil {
			return fmt.Errorf("%s: %w", f.flow["name"], err)
		}
	}
	return nil
}

// makeFlow makes the operations from the last to the first, as each one names
// the one after it, and then tells the flow which is first.
func makeFlow(ctx context.Context, c *client, flow object, ops []object) error {
	flowID := id(fmt.Sprintf("flow/%s", flow["name"]))
	if err := c.post(ctx, "/flows", merge(flow, object{"id": flowID})); err != nil {
		return err
	}
	var next any
	for i := len(ops) - 1; i >= 0; i-- {
		opID := id(fmt.Sprintf("operation/%s/%s", flow["name"], ops[i]["key"]))
		place := object{"id": opID, "flow": flowID, "resolve": next, "position_x": 19 + 18*i, "position_y": 1}
		if err := c.post(ctx, "/operations", merge(ops[i], place)); err != nil {
			return err
		}
		next = opID
	}
	return c.patch(ctx, "/flows/"+flowID, object{"operation": next})
}

func makeDashboard(ctx context.Context, c *client) error {
	dashboard := id("dashboard")
	if err := c.post(ctx, "/dashboards", object{"id": dashboard, "name": "Desk", "icon": "insights", "note": "What is going on", "color": "#2F6F8F"}); err != nil {
		return err
	}
	panels := []object{
		{"type": "label", "width": 24, "height": 4, "options": object{"text": "Good morning ☀️"}},
		{"type": "metric", "name": "Articles", "width": 12, "height": 8, "options": object{"collection": "articles", "field": "id", "function": "count", "sortField": "id"}},
		{"type": "list", "name": "Letters to read", "width": 24, "height": 12, "options": object{
			"collection": "letters", "limit": 5, "sortField": "received", "sortDirection": "desc", "displayTemplate": "{{name}}",
			"filter": object{"approved": object{"_eq": false}},
		}},
		{"type": "time-series", "name": "Letters", "width": 30, "height": 12, "options": object{
			"collection": "letters", "dateField": "received", "valueField": "stars", "function": "avg", "precision": "day", "range": "auto", "color": "#2F6F8F",
		}},
	}
	for i, panel := range panels {
		place := object{
			"id": id(fmt.Sprintf("panel/%d", i)), "dashboard": dashboard, "show_header": panel["name"] != nil,
			"position_x": 1 + 30*(i%2), "position_y": 1 + 14*(i/2),
		}
		if err := c.post(ctx, "/panels", merge(panel, place)); err != nil {
			return err
		}
	}
	return nil
}

// makePresets makes bookmarks for everyone, for a role and for one user, and
// words that the Studio translates.
func makePresets(ctx context.Context, c *client) error {
	presets := []object{
		{"bookmark": "In review", "collection": "articles", "icon": "rate_review", "layout": "tabular", "filter": object{"status": object{"_eq": "review"}}, "layout_query": object{"tabular": object{"fields": []string{"title", "author", "status"}, "sort": []string{"-date_updated"}}}},
		{"bookmark": "To answer", "collection": "letters", "role": id("role/editor"), "layout": "tabular", "filter": object{"answer": object{"_null": true}}},
		{"collection": "articles", "user": id("user/aiko"), "layout": "cards", "layout_options": object{"cards": object{"imageSource": "cover", "title": "{{title}}", "size": 3}}},
		{"bookmark": "Calendar", "collection": "editions", "layout": "calendar", "layout_options": object{"calendar": object{"template": "{{number}}", "startDateField": "day"}}},
	}
	if err := c.post(ctx, "/presets", presets); err != nil {
		return err
	}
	return c.post(ctx, "/translations", []object{
		{"id": id("translation/en"), "key": "newsroom", "language": "en-US", "value": "Newsroom"},
		{"id": id("translation/ja"), "key": "newsroom", "language": "ja-JP", "value": "編集室"},
		{"id": id("translation/ar"), "key": "newsroom", "language": "ar-SA", "value": "غرفة الأخبار"},
	})
}

// makeEdits changes articles after they were made, so that there are
// revisions, a comment, a version that waits and a share.
func makeEdits(ctx context.Context, c *client) error {
	for article := 1; article <= 6; article++ {
		path := fmt.Sprintf("/items/articles/%d", article)
		for round, change := range []object{
			{"summary": fmt.Sprintf("Second look at article %d – checked twice ✅", article)},
			{"minutes": 2.5 + float64(article), "featured": article%2 == 0},
		} {
			if err := c.patch(ctx, path, change); err != nil {
				return fmt.Errorf("edit %d: %w", round+1, err)
			}
		}
	}
	if err := c.post(ctx, "/activity/comment", object{"collection": "articles", "item": "1", "comment": "Who has the photo? 📷"}); err != nil {
		return err
	}
	version := object{"id": id("version"), "key": "rewrite", "name": "Rewrite", "collection": "articles", "item": "2"}
	if err := c.post(ctx, "/versions", version); err != nil {
		return err
	}
	if err := c.post(ctx, "/versions/"+id("version")+"/save", object{"title": "A better headline, not yet live"}); err != nil {
		return err
	}
	return c.post(ctx, "/shares", object{
		"id": id("share"), "name": "For the printer", "collection": "articles", "item": "3", "role": id("role/feed"), "max_uses": 10,
	})
}
