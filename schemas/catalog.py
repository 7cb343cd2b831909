"""Every event there is, by its topic."""

from schemas.ai_call_recorded import AiCallRecorded
from schemas.consent_changed import ConsentChanged
from schemas.contact_linked import ContactLinked
from schemas.conversation_summarized import ConversationSummarized
from schemas.customer_changed import CustomerChanged
from schemas.customer_erased import CustomerErased
from schemas.distributor_changed import DistributorChanged
from schemas.event import Event
from schemas.integration_changed import IntegrationChanged
from schemas.message_amended import MessageAmended
from schemas.message_analyzed import MessageAnalyzed
from schemas.message_created import MessageCreated
from schemas.message_file_stored import MessageFileStored
from schemas.message_matched import MessageMatched
from schemas.message_received import MessageReceived
from schemas.message_status_changed import MessageStatusChanged
from schemas.message_text_extracted import MessageTextExtracted
from schemas.order_cancelled import OrderCancelled
from schemas.order_confirmed import OrderConfirmed
from schemas.order_corrected import OrderCorrected
from schemas.order_created import OrderCreated
from schemas.order_review_requested import OrderReviewRequested
from schemas.order_session_changed import OrderSessionChanged
from schemas.pii_detected import PiiDetected
from schemas.product_changed import ProductChanged
from schemas.reply_requested import ReplyRequested
from schemas.webhook_endpoint_disabled import WebhookEndpointDisabled

EVENTS: dict[str, type[Event]] = {
    event.topic: event
    for event in (
        AiCallRecorded,
        ConsentChanged,
        ContactLinked,
        ConversationSummarized,
        CustomerChanged,
        CustomerErased,
        DistributorChanged,
        IntegrationChanged,
        MessageAmended,
        MessageAnalyzed,
        MessageCreated,
        MessageFileStored,
        MessageMatched,
        MessageReceived,
        MessageStatusChanged,
        MessageTextExtracted,
        OrderCancelled,
        OrderConfirmed,
        OrderCorrected,
        OrderCreated,
        OrderReviewRequested,
        OrderSessionChanged,
        PiiDetected,
        ProductChanged,
        ReplyRequested,
        WebhookEndpointDisabled,
    )
}
