"""stub"""
def explanation_html(text, facts): return text
