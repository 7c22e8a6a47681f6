"""/api/hooks: incoming webhooks in the form of Slack, so that what can write to Slack can write to the chat.

- routes.py: POST /api/hooks/SECRET, and its answers.
- body.py: the payload in the body of a request.
- slack.py: the text of a payload, its blocks and attachments included. blocks.py: that of blocks.
- mrkdwn.py: Slack's markup as the chat's light Markdown. light_markdown.py: links and marks that the page shows.

The forms are those of Slack's documentation: "Sending messages using incoming webhooks", "Formatting text for app
surfaces", "Block Kit", and "Reference: Secondary message attachments". config/hook_file.py knows the secrets.

**Nobody is impersonated.** What a webhook writes is under a name that ends with " (hook)", which no person can have,
and of the kind `hook`.

**The secret is in the path**, as senders expect it. So nothing of ours logs such a path (common/hook_paths.py), and an
error of the view is logged here, as Flask would log the path with it.
"""
